import { JsonReader, writeJsonBody } from '../../json/index.js';
import type { JsonWriterOptions, Writable } from '../../json/index.js';

/** Turns a body into its type and back. */
export interface BodyCodec<T> {
  /** Throws BodyError when there is no body or it is not of this type. */
  decode(body: Buffer | string | undefined): T;
  encode(value: T, options?: JsonWriterOptions): Buffer;
}

/** A codec for a JSON object. `write` lists members in alphabetical order, as fastjson emits them. */
export function jsonBody<T>(
  name: string,
  read: (reader: JsonReader) => T,
  write: (value: T) => Writable,
): BodyCodec<T> {
  return {
    decode: (body) => read(JsonReader.parse(body, name)),
    encode: (value, options) => writeJsonBody(write(value), options),
  };
}
