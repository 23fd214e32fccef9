const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const REPLACEMENT = 0xfffd;

/** Value of a hexadecimal digit, or -1. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** The byte a one-letter escape stands for, or -1 when there is no such escape. `u` is not one of them. */
export function simpleEscape(letter: number): number {
  switch (letter) {
    case 0x22: // "
    case 0x2f: // /
    case BACKSLASH:
    case 0x27: // ' (fastjson)
      return letter;
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return -1;
  }
}

function hexUnit(source: Uint8Array, at: number): number {
  return (
    (hexDigit(source[at] ?? 0) << 12) |
    (hexDigit(source[at + 1] ?? 0) << 8) |
    (hexDigit(source[at + 2] ?? 0) << 4) |
    hexDigit(source[at + 3] ?? 0)
  );
}

function writeUtf8(target: Uint8Array, at: number, codePoint: number): number {
  if (codePoint < 0x80) {
    target[at] = codePoint;
    return at + 1;
  }
  if (codePoint < 0x800) {
    target[at] = 0xc0 | (codePoint >> 6);
    target[at + 1] = 0x80 | (codePoint & 0x3f);
    return at + 2;
  }
  if (codePoint < 0x10000) {
    target[at] = 0xe0 | (codePoint >> 12);
    target[at + 1] = 0x80 | ((codePoint >> 6) & 0x3f);
    target[at + 2] = 0x80 | (codePoint & 0x3f);
    return at + 3;
  }
  target[at] = 0xf0 | (codePoint >> 18);
  target[at + 1] = 0x80 | ((codePoint >> 12) & 0x3f);
  target[at + 2] = 0x80 | ((codePoint >> 6) & 0x3f);
  target[at + 3] = 0x80 | (codePoint & 0x3f);
  return at + 4;
}

/**
 * Decodes the inside of a JSON string whose escapes a scanner has already checked. The result is never longer than the
 * source. A surrogate without its partner becomes U+FFFD.
 * @returns the end of the text in `target`
 */
export function unescapeJson(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  let position = start;
  let written = at;
  while (position < end) {
    const byte = source[position] ?? 0;
    if (byte !== BACKSLASH) {
      target[written++] = byte;
      position += 1;
      continue;
    }
    const letter = source[position + 1] ?? 0;
    if (letter !== LETTER_U) {
      target[written++] = simpleEscape(letter);
      position += 2;
      continue;
    }
    let codePoint = hexUnit(source, position + 2);
    position += 6;
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) {
      const paired =
        codePoint <= 0xdbff &&
        position + 6 <= end &&
        source[position] === BACKSLASH &&
        source[position + 1] === LETTER_U;
      const low = paired ? hexUnit(source, position + 2) : 0;
      if (low >= 0xdc00 && low <= 0xdfff) {
        codePoint = 0x10000 + ((codePoint - 0xd800) << 10) + (low - 0xdc00);
        position += 6;
      } else {
        codePoint = REPLACEMENT;
      }
    }
    written = writeUtf8(target, written, codePoint);
  }
  return written;
}
