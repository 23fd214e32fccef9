import { MAC_PROPERTY } from './authentication/message-mac.js';
import { InvalidMessageError } from './errors.js';
import { FailureProperty } from './outcome.js';

/**
 * Tells how to decode a body. A message without this header is JSON, so that messages of other senders can be read too.
 */
export const CONTENT_TYPE_HEADER = 'content-type';
export const BYTES_CONTENT_TYPE = 'application/octet-stream';

/** On the wire these two characters separate properties, and names from values. */
const SEPARATORS = ['\u0001', '\u0002'];

// Names that RocketMQ uses are in upper case or begin with "__" (MessageConst.java). All such names are refused, not
// only those that exist today, so that a later version of RocketMQ cannot add a name that an application uses.
const PROTOCOL_NAME = /^(?:[A-Z0-9_$#.]+|__.*)$/;
const WRITTEN_BY_TRANSPORT = new Set<string>([...Object.values(FailureProperty), MAC_PROPERTY]);

export function isReservedHeader(name: string): boolean {
  return PROTOCOL_NAME.test(name) || WRITTEN_BY_TRANSPORT.has(name);
}

/**
 * The properties that are headers of the application.
 * @param isTrusted says of each name whether a handler may see it
 */
export function readHeaders(
  properties: Readonly<Record<string, string>>,
  isTrusted: (name: string) => boolean = () => true,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const name of Object.keys(properties)) {
    const value = properties[name];
    if (value !== undefined && !isReservedHeader(name) && isTrusted(name)) headers[name] = value;
  }
  return headers;
}

/** Checks the headers. They are properties on the wire. @throws {InvalidMessageError} */
export function toProperties(headers: Readonly<Record<string, string>>): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    const problem = headerProblem(name, value);
    if (problem !== undefined) throw new InvalidMessageError(`header ${JSON.stringify(name)} ${problem}`);
    properties[name] = value as string;
  }
  return properties;
}

function headerProblem(name: string, value: unknown): string | undefined {
  if (name.trim() === '') return 'has no name';
  if (isReservedHeader(name)) return 'is a name of the protocol: use lower case, for example "x-tenant"';
  if (typeof value !== 'string') return 'is not text';
  if (value === '') return 'is empty: the protocol has no empty values, so leave the header out';
  if (SEPARATORS.some((separator) => name.includes(separator) || value.includes(separator)))
    return 'holds U+0001 or U+0002, which separate properties on the wire';
  return undefined;
}
