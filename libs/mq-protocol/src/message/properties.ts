/**
 * properties = (name 0x01 value 0x02)*      the last 0x02 may be missing (brokers of 4.x)
 *
 * There is no escaping: names and values cannot contain the separators. An empty name or value is not carried.
 * Source: common/message/MessageDecoder.java (messageProperties2String, string2messageProperties).
 */
import { MessageFormatError } from '../errors.js';

export const NAME_VALUE_SEPARATOR = 0x01;
export const PROPERTY_SEPARATOR = 0x02;
const NAME_END = '\u0001';
const VALUE_END = '\u0002';

/** As text, the form the header of a send request carries. Throws MessageFormatError for a separator inside. */
export function propertiesToString(properties: Record<string, string | undefined>): string {
  let text = '';
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === '' || name === '') continue;
    if (hasSeparator(name) || hasSeparator(value)) {
      throw new MessageFormatError(`the property <${name}> contains a separator (0x01 or 0x02)`);
    }
    text += name + NAME_END + value + VALUE_END;
  }
  return text;
}

function hasSeparator(text: string): boolean {
  return text.includes(NAME_END) || text.includes(VALUE_END);
}

export function encodeProperties(properties: Record<string, string | undefined>): Buffer {
  return Buffer.from(propertiesToString(properties));
}

/** Reads text or `bytes[start, end)`. Entries without both parts are skipped; of equal names the last one counts. */
export function decodeProperties(
  source: string | Buffer,
  start = 0,
  end: number = source.length,
): Record<string, string> {
  const text = typeof source === 'string' ? source.slice(start, end) : source.toString('utf8', start, end);
  const properties = Object.create(null) as Record<string, string>;
  let at = 0;
  let nameEnd = text.indexOf(NAME_END);
  while (at < text.length && nameEnd >= 0) {
    const valueEnd = text.indexOf(VALUE_END, at);
    const next = valueEnd < 0 ? text.length : valueEnd;
    if (nameEnd < at) nameEnd = text.indexOf(NAME_END, at);
    if (nameEnd > at && nameEnd < next - 1) properties[text.slice(at, nameEnd)] = text.slice(nameEnd + 1, next);
    at = next + 1;
  }
  return properties;
}
