import { createHmac } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/**
 * The property that authenticates a message:
 *
 *     message-mac = "1:" key-id ":" sender ":" headers ":" mac
 *     headers     = [ name *( "+" name ) ]       sorted, percent-encoded: the headers that the MAC covers
 *     mac         = base64url( HMAC-SHA256( secret, covered ) )
 *     covered     = field( "rocketshop-message-1" ) field( key-id ) field( sender ) field( topic ) field( tag ) field( key )
 *                   field( number of headers ) *( field( name ) field( value ) ) field( payload )
 *     field       = length in bytes, decimal ":" bytes      so no byte can slide from one field into the next
 *
 * `topic` is the topic that the message was published to, never that of its transport: a redelivery travels on
 * `%RETRY%group`, a dead letter on `%DLQ%group`, a delayed message on `SCHEDULE_TOPIC_XXXX`. A missing tag or key is an empty field,
 * as on the wire. There is no expiry, since dead letters and dumps live long. The value is plain ASCII in one property,
 * so a client that decodes and encodes the properties leaves it as it is.
 */
export const MAC_PROPERTY = 'message-mac';

/** Separates these MACs from others that are made with the same secret. */
const PURPOSE = 'rocketshop-message-1';
const FORMAT = '1';
const MAC_TEXT = /^[A-Za-z0-9_-]{43}$/;

/** What a MAC covers. */
export interface SignedMessage {
  readonly topic: string;
  readonly tag: string | undefined;
  readonly key: string | undefined;
  readonly body: Buffer;
  /** Every property of the message. Those of `headerNames` are covered. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface MacClaim {
  readonly keyId: string;
  readonly sender: string;
  /** Sorted. */
  readonly headerNames: readonly string[];
}

export function macOf(secret: KeyObject, { keyId, sender, headerNames }: MacClaim, message: SignedMessage): Buffer {
  let covered = field(PURPOSE) + field(keyId) + field(sender) + field(message.topic);
  covered += field(message.tag ?? '') + field(message.key ?? '') + field(String(headerNames.length));
  for (const name of headerNames) covered += field(name) + field(message.properties[name] ?? '');
  const { body } = message;
  return createHmac('sha256', secret).update(`${covered}${body.length}:`).update(body).digest();
}

export function writeMacProperty({ keyId, sender, headerNames }: MacClaim, mac: Buffer): string {
  const names = headerNames.map((name) => encodeURIComponent(wellFormed(name))).join('+');
  return `${FORMAT}:${keyId}:${sender}:${names}:${mac.toString('base64url')}`;
}

/** Undefined for a text that `writeMacProperty` does not write. */
export function readMacProperty(text: string): { readonly claim: MacClaim; readonly mac: Buffer } | undefined {
  const [format, keyId, sender, names, mac, ...rest] = text.split(':');
  if (format !== FORMAT || !keyId || !sender || names === undefined || mac === undefined || rest.length > 0)
    return undefined;
  if (!MAC_TEXT.test(mac)) return undefined;
  try {
    const headerNames = names === '' ? [] : names.split('+').map(decodeURIComponent);
    return { claim: { keyId, sender, headerNames }, mac: Buffer.from(mac, 'base64url') };
  } catch {
    return undefined;
  }
}

const field = (text: string): string => `${Buffer.byteLength(text)}:${text}`;

/** The name as it arrives: half of a surrogate pair cannot be sent in UTF-8, and would stop encodeURIComponent. */
const wellFormed = (text: string): string => Buffer.from(text).toString();
