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

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws {UnreadablePayloadError} */
export function decodePayload(body: Buffer, headers: Readonly<Record<string, string>>): unknown {
  if (headers[CONTENT_TYPE_HEADER] === BYTES_CONTENT_TYPE) return body;
  try {
    return JSON.parse(utf8.decode(body)) as unknown;
  } catch (error) {
    throw new UnreadablePayloadError(`body of ${body.length} bytes is not JSON`, { cause: error });
  }
}
