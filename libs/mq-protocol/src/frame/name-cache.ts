/** Maximum of entries; a full cache starts again from empty. Names come from the network, so their number must be limited. */
const NAMES_MAX = 4096;
const NAME_BYTES_MAX = 255;

interface CachedName {
  readonly bytes: Buffer;
  readonly text: string;
}

/**
 * Every request contains topics and groups, and they are always the same few. It takes a third of the time to find the string that
 * was made for the same bytes before, and it leaves no garbage.
 */
export class NameCache {
  private readonly names = new Map<number, CachedName>();

  get(buffer: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > NAME_BYTES_MAX) return buffer.toString('utf8', start, end);
    let hash = length;
    for (let at = start; at < end; at += 1) hash = (Math.imul(hash, 31) + (buffer[at] ?? 0)) | 0;
    const cached = this.names.get(hash);
    if (cached !== undefined && sameBytes(cached.bytes, buffer, start, length)) return cached.text;
    const text = buffer.toString('utf8', start, end);
    if (this.names.size >= NAMES_MAX) this.names.clear();
    this.names.set(hash, { bytes: Buffer.from(buffer.subarray(start, end)), text });
    return text;
  }
}

function sameBytes(bytes: Buffer, buffer: Buffer, start: number, length: number): boolean {
  if (bytes.length !== length) return false;
  for (let at = 0; at < length; at += 1) {
    if (bytes[at] !== buffer[start + at]) return false;
  }
  return true;
}
