import type { UnsentRow } from './relay-session.js';

/**
 * The rows of one key that were read together. They are sent one after the other.
 *
 * sending (one row is with the publisher) -> sending ... -> ended (all sent, or one failed, or no more may be sent)
 *
 * The key is free for the next read when the queue has ended and all its sent rows are marked.
 */
export class KeyQueue {
  readonly key: string;
  readonly shard: number;
  /** Rows that were sent and are not marked yet. */
  unmarked = 0;
  hasEnded = false;
  /** True while somebody has locked a sent row of the key, so that it cannot be marked. */
  isLocked = false;
  /** True when a read left this key out: rows of the key that were committed meanwhile may wait. */
  wasSkipped = false;
  /** When the current row went to the publisher. */
  publishedAt = 0;
  private readonly rows: UnsentRow[];
  private next = 0;

  constructor(
    first: UnsentRow,
    /** Changes when the session that read the rows is lost. */
    readonly generation: number,
    readonly isOwner: () => boolean,
  ) {
    this.key = first.key;
    this.shard = first.shard;
    this.rows = [first];
  }

  add(row: UnsentRow): void {
    this.rows.push(row);
  }

  /** The row that is sent now. */
  get current(): UnsentRow | undefined {
    return this.rows[this.next];
  }

  /** The number of rows that were not sent. */
  get left(): number {
    return this.rows.length - this.next;
  }

  advance(): void {
    this.next++;
  }
}
