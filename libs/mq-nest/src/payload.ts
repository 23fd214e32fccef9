import { InvalidMessageError, UnreadablePayloadError } from './errors.js';
import { BYTES_CONTENT_TYPE, CONTENT_TYPE_HEADER } from './headers.js';

/** A body and the header that tells how to read it back. */
export interface EncodedPayload {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const NO_HEADERS = Object.freeze({});
const BYTES_HEADERS = Object.freeze({ [CONTENT_TYPE_HEADER]: BYTES_CONTENT_TYPE });

/** Bytes travel as they are, everything else as JSON in UTF-8. @throws {InvalidMessageError} */
export function encodePayload(payload: unknown): EncodedPayload {
  if (payload instanceof Uint8Array) {
    if (payload.byteLength === 0) throw new InvalidMessageError('payload is empty: the protocol refuses empty bodies');
    return { body: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength), headers: BYTES_HEADERS };
  }
  return { body: Buffer.from(toJson(payload)), headers: NO_HEADERS };
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

/** Reads a body back. @throws {UnreadablePayloadError} */
export function decodePayload(body: Buffer, headers: Readonly<Record<string, string>>): unknown {
  if (headers[CONTENT_TYPE_HEADER] === BYTES_CONTENT_TYPE) return body;
  try {
    return JSON.parse(utf8.decode(body)) as unknown;
  } catch (error) {
    throw new UnreadablePayloadError(`body of ${body.length} bytes is not JSON`, { cause: error });
  }
}
