/** A secret and the id under which messages name it. */
export interface MessageKey {
  /** 1 to 64 of letters, digits, "_", "." and "-". Public: it travels with each message. */
  readonly id: string;
  /** Text of at least 32 bytes, or an object that reveals it, so that a logger cannot print it by mistake. */
  readonly secret: string | { reveal(): string };
}

/**
 * Messages carry a MAC, and a message without a right one reaches no handler. A MAC proves that the message comes from
 * an application that has one of the keys, and that nobody changed what the handler acts on. It does not prove that the
 * message is new: whoever reaches the broker can repeat and delay messages.
 */
export interface MessageAuthentication {
  /** The first one signs, and all of them verify: so a secret is rotated while messages are under way. */
  readonly keys: readonly MessageKey[];
  /** The name under which this application signs. 1 to 64 of letters, digits, "_", "." and "-". */
  readonly sender: string;
  /** Who may publish a topic. A topic that is not named here takes every sender. @default every sender */
  readonly senders?: Readonly<Record<string, readonly string[]>>;
  /**
   * Until this instant messages without any MAC are handled too. It is for the upgrade of an application whose earlier
   * version did not sign: its messages may still wait in the broker or for a redelivery. At most 7 days from the start,
   * because as long as it lasts anybody can forge messages. A wrong MAC is refused all the same. @default never
   */
  readonly acceptUnsignedUntil?: Date | undefined;
}

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const SECRET_BYTES_MIN = 32;
/** Longer than the delay ladder and all redeliveries together, which are some 7 hours. */
const UNSIGNED_DAYS_MAX = 7;
const DAY_MS = 86_400_000;

export const secretOf = ({ secret }: MessageKey): string => (typeof secret === 'string' ? secret : secret.reveal());

export function authenticationProblems(authentication: MessageAuthentication | undefined, now = Date.now()): string[] {
  if (authentication === undefined) return [];
  const { keys, sender, acceptUnsignedUntil } = authentication;
  const problems: string[] = [];
  if (keys.length === 0) problems.push('authentication.keys must have at least one key: the first one signs');
  if (new Set(keys.map(({ id }) => id)).size !== keys.length)
    problems.push('authentication.keys must have another id for each key');
  for (const key of keys) {
    if (!NAME.test(key.id)) problems.push(`authentication key id "${key.id}" ${NAME_RULE}`);
    if (Buffer.byteLength(secretOf(key)) < SECRET_BYTES_MIN)
      problems.push(`the secret of authentication key "${key.id}" must have at least ${SECRET_BYTES_MIN} bytes`);
  }
  if (!NAME.test(sender)) problems.push(`authentication.sender "${sender}" ${NAME_RULE}`);
  const untilMs = acceptUnsignedUntil?.getTime() ?? now;
  if (Number.isNaN(untilMs)) problems.push('authentication.acceptUnsignedUntil must be an instant');
  if (untilMs > now + UNSIGNED_DAYS_MAX * DAY_MS)
    problems.push(`authentication.acceptUnsignedUntil must not be more than ${UNSIGNED_DAYS_MAX} days ahead`);
  return problems;
}

const NAME_RULE = 'must be 1 to 64 of letters, digits, "_", "." and "-"';
