import { crc32 } from 'node:zlib';

/**
 * What is tried, where a client offers it. `new-topic`: the first send creates the topic, and its consumers come later.
 * `retry`: the listener fails the first delivery. `dlq`: the listener asks for the dead letter queue at once.
 */
export const KINDS = ['sync', 'async', 'one-way', 'batch', 'tags', 'delay', 'new-topic', 'retry', 'dlq'] as const;
export type Kind = (typeof KINDS)[number];

export const BATCH_SIZE = 25;
const IN_FLIGHT_MAX = 64;

/** Subscription of the kind `tags`; all others take everything. */
export const WANTED_TAGS = 'TagA || TagB';
/** A property outside ASCII and outside the Basic Multilingual Plane, through headers and stored records. */
export const TEXT = '訂單 é 😀';
export const DELAY_LEVEL = 1;
/** Least age at which a message of these kinds may arrive, ms: level 1, and the first step of the retry ladder. */
export const LEAST_AGE_MS: Readonly<Partial<Record<Kind, number>>> = { delay: 1000, retry: 1000 };

/** Every tenth body is above 4 KiB, where clients begin to compress. */
const LARGE_EVERY = 10;
const LARGE_PADDING = 6000;

export const isKind = (text: string): text is Kind => KINDS.some((kind) => kind === text);

export const messageId = (kind: string, n: number): string => `${kind}-${n}`;

/** The body of message `kind-n`, the same from every client: `CompatClient.java` has it too. */
export function bodyOf(id: string): Buffer {
  const n = Number(id.slice(id.lastIndexOf('-') + 1));
  return Buffer.from(n % LARGE_EVERY === 0 ? `${id} ${'x'.repeat(LARGE_PADDING)}` : id);
}

export const idOf = (body: Buffer): string => body.toString().split(' ', 1)[0] ?? '';

/** What a listener does with a delivery; the same in every client. */
export function outcomeOf(id: string, reconsumeTimes: number): 'take' | 'retry' | 'dead' {
  if (id.startsWith('dlq-')) return 'dead';
  return id.startsWith('retry-') && reconsumeTimes === 0 ? 'retry' : 'take';
}

export const tagOf = (n: number): string => (n % 2 === 0 ? 'TagA' : 'TagB');

/** What a subscription to the wanted tags must not be given: another tag, or none. Sent beside every second message. */
export const unwantedId = (n: number): string => `unwanted-${n}`;
export const unwantedTag = (n: number): string | undefined => (n % 4 === 0 ? 'TagC' : undefined);

export const isUnwanted = (id: string): boolean => id.startsWith('unwanted-');

/** Numbers from 0 to `count`, at most `IN_FLIGHT_MAX` of them under way. */
export async function concurrently(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT_MAX }, worker));
}

export const checksum = (body: Buffer): number => crc32(body);
