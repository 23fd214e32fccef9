import { NAME_VALUE_SEPARATOR, PROPERTIES_BYTES_MAX, PROPERTY_SEPARATOR } from '@rocketshop/mq-protocol';

/**
 * The properties of a stored message, as bytes. The broker moves them from record to record without reading them as text: bytes that
 * are no UTF-8 would grow, and a value may hold the separator of names. Of equal names the last one counts, as in Java.
 */
export class PropertyBytes {
  /** By the name's bytes as Latin-1 text. An entry has its name, its value and both separators. */
  private readonly entries = new Map<string, Buffer>();

  /** Entries without a name or a value are no properties. */
  constructor(bytes: Buffer) {
    for (let at = 0; at < bytes.length;) {
      const found = bytes.indexOf(PROPERTY_SEPARATOR, at);
      const end = found < 0 ? bytes.length : found;
      const nameEnd = bytes.indexOf(NAME_VALUE_SEPARATOR, at);
      if (nameEnd > at && nameEnd < end - 1) {
        const name = bytes.toString('latin1', at, nameEnd);
        this.entries.delete(name);
        this.entries.set(name, found < 0 ? Buffer.concat([bytes.subarray(at), END]) : bytes.subarray(at, end + 1));
      }
      at = end + 1;
    }
  }

  get(name: string): string | undefined {
    const entry = this.entries.get(latin1(name));
    return entry?.toString('utf8', Buffer.byteLength(name) + 1, entry.length - 1);
  }

  /** The caller knows that name and value are legal. */
  set(name: string, value: string): void {
    this.entries.set(latin1(name), Buffer.from(`${name}\u0001${value}\u0002`));
  }

  setIfMissing(name: string, value: string): void {
    if (!this.entries.has(latin1(name))) this.set(name, value);
  }

  /**
   * Removes the longest entries until the rest fits into a record. It happens only to messages of a version that took more than it
   * could give back: without it they would be redelivered for ever.
   * @returns the names that are gone
   */
  shorten(keep: ReadonlySet<string>): string[] {
    const removed: string[] = [];
    const removable = [...this.entries]
      .filter(([name]) => !keep.has(name))
      .toSorted((a, b) => b[1].length - a[1].length);
    for (const [name] of removable) {
      if (this.length <= PROPERTIES_BYTES_MAX) break;
      this.entries.delete(name);
      removed.push(name);
    }
    return removed;
  }

  encode(): Buffer {
    return Buffer.concat([...this.entries.values()]);
  }

  private get length(): number {
    let length = 0;
    for (const entry of this.entries.values()) length += entry.length;
    return length;
  }
}

const END = Buffer.of(PROPERTY_SEPARATOR);
const latin1 = (name: string): string => Buffer.from(name).toString('latin1');
