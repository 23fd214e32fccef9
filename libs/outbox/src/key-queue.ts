import type { OutboxMessage } from './outbox-message.js';
import type { UnsentRow } from './relay-session.js';

/**
 * The rows of one key that are under way: sent one after the other, and marked before the key is read again.
 *
 * sending (one row is with the publisher) -> sending ... -> ended (all sent, or one failed, or nothing more may be
 * sent)
 */
export class KeyQueue {
  readonly key: string;
  readonly shard: number;
  /** Rows that were sent and not marked yet. */
  unmarked = 0;
  hasEnded = false;
  /** A read passed its key over: there may be rows of it that were committed meanwhile. */
  wasPassedOver = false;
  /** When the row under way was handed to the publisher. */
  publishedAt = 0;
  private readonly rows: UnsentRow[];
  private next = 0;

  constructor(
    first: UnsentRow,
    /** Changes when the session the rows were read in is lost. */
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

  /** The row to send now. */
  get current(): OutboxMessage | undefined {
    return this.rows[this.next];
  }

  /** Rows that were not sent. */
  get left(): number {
    return this.rows.length - this.next;
  }

  advance(): void {
    this.next++;
  }
}
