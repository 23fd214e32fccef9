import { InvalidMessageError, UnreadablePayloadError } from './errors.js';
import { BYTES_CONTENT_TYPE, CONTENT_TYPE_HEADER } from './headers.js';

const NO_HEADERS = Object.freeze({});
const BYTES_HEADERS = Object.freeze({ [CONTENT_TYPE_HEADER]: BYTES_CONTENT_TYPE });

/** Bytes are sent as they are, any other value as JSON in UTF-8. @throws {InvalidMessageError} */
export function encodePayload(payload: unknown): Buffer {
  if (!(payload instanceof Uint8Array)) return Buffer.from(toJson(payload));
  if (payload.byteLength === 0) throw new InvalidMessageError('payload is empty: the protocol refuses empty bodies');
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}

/** The header that tells {@link decodePayload} how the body was encoded. */
export function contentTypeHeaders(payload: unknown): Readonly<Record<string, string>> {
  return payload instanceof Uint8Array ? BYTES_HEADERS : NO_HEADERS;
}

function toJson(payload: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(payload);
  } catch (error) {
    throw new InvalidMessageError('payload is not JSON (amounts must be text, JSON has no bigint)', { cause: error });
  }
  if (text === undefined) throw new InvalidMessageError(`payload is not JSON: ${typeof payload}`);
  return text;
}

/**
 * The deepest JSON that is read. A parser or a checker that calls itself for each level would end the stack, and a
 * handler's error would not say why.
 */
const JSON_DEPTH_MAX = 64;
const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws {UnreadablePayloadError} */
export function decodePayload(body: Buffer, headers: Readonly<Record<string, string>>): unknown {
  if (headers[CONTENT_TYPE_HEADER] === BYTES_CONTENT_TYPE) return body;
  if (isTooDeep(body)) throw new UnreadablePayloadError(`body has more than ${JSON_DEPTH_MAX} levels of JSON`);
  try {
    return JSON.parse(utf8.decode(body)) as unknown;
  } catch (error) {
    throw new UnreadablePayloadError(`body of ${body.length} bytes is not JSON`, { cause: error });
  }
}

/** Reads bytes only: in UTF-8 no byte of a longer character looks like a bracket or a quote. */
function isTooDeep(body: Buffer): boolean {
  // A body without this many bytes cannot have this many brackets. Nearly every message ends here.
  if (body.length <= JSON_DEPTH_MAX) return false;
  let depth = 0;
  let inText = false;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index] ?? 0;
    if (inText) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (OPENING.has(byte)) {
      depth += 1;
      if (depth > JSON_DEPTH_MAX) return true;
    } else if (CLOSING.has(byte)) depth -= 1;
  }
  return false;
}
