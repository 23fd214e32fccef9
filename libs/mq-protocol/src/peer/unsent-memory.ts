/** A connection with fewer unsent bytes is not counted. All connections together cannot have much of them. */
const COUNTED_FROM_BYTES = 64 * 1024;

/** What the memory knows of a connection. */
export interface UnsentOwner {
  /** Others need the memory: the connection is to be closed. */
  unreadEvicted(unsentBytes: number): void;
}

/**
 * Limits the bytes that wait for slow readers, over all connections of the process. When there are too many, the connection
 * with the most of them is closed: who reads has few.
 */
export class UnsentMemory {
  private readonly counted = new Map<UnsentOwner, number>();
  private total = 0;

  /** @param bytesMax default 256 MiB: two dozen readers that are at the limit of their connection */
  constructor(private readonly bytesMax = 256 * 1024 * 1024) {}

  get bytes(): number {
    return this.total;
  }

  update(owner: UnsentOwner, unsentBytes: number): void {
    const before = this.counted.get(owner) ?? 0;
    const now = unsentBytes < COUNTED_FROM_BYTES ? 0 : unsentBytes;
    if (now === before) return;
    if (now === 0) this.counted.delete(owner);
    else this.counted.set(owner, now);
    this.total += now - before;
    while (this.total > this.bytesMax) this.evictLargest();
  }

  private evictLargest(): void {
    let largest: UnsentOwner | undefined;
    let most = 0;
    for (const [owner, bytes] of this.counted)
      if (bytes > most) {
        largest = owner;
        most = bytes;
      }
    if (largest === undefined) return;
    this.counted.delete(largest);
    this.total -= most;
    largest.unreadEvicted(most);
  }
}

/** All connections of the process share it. */
export const unsentMemory = new UnsentMemory();
