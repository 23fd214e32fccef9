import { KeyQueue } from './key-queue.js';
import type { BackoffOptions } from './failing-keys.js';
import { FailingKeys } from './failing-keys.js';
import type { OutboxLogger } from './outbox-logger.js';
import type { OutboxMessage, OutboxPublisher } from './outbox-message.js';
import type { UnsentRow } from './relay-session.js';

export interface RowSenderOptions {
  readonly publisher: OutboxPublisher;
  readonly logger: OutboxLogger;
  readonly inFlightMax: number;
  readonly publishTimeoutMs: number;
  readonly backoff: BackoffOptions;
  readonly clock: () => number;
  /** Something was sent, failed, or became free. */
  readonly onProgress: () => void;
  /** A read is worth its while from `time` on: a key that was passed over is free then. */
  readonly onReadDue: (time: number) => void;
}

export interface SentRow {
  readonly id: string;
  readonly keyQueue: KeyQueue;
}

/**
 * After this many failures without a success it is the broker that is down, not a message that is bad.
 * From then on a few rows a time are tried, until one succeeds.
 */
const OUTAGE_FAILURES = 32;
const PROBE_ROWS = 8;

/** One timer looks for all rows that are late, this often within the limit, instead of one timer for each row. */
const LOOKS_PER_LIMIT = 10;

/** Hands rows to the publisher: keys side by side, rows of one key one after the other. */
export class RowSender {
  private readonly keyQueues = new Map<string, KeyQueue>();
  private readonly failing: FailingKeys;
  private sent: SentRow[] = [];
  private rowsInFlight = 0;
  private failuresInARow = 0;
  private isStopping = false;
  private generation = 0;
  private lateCheck: NodeJS.Timeout | undefined;
  private onIdle: (() => void) | undefined;
  sentTotal = 0;
  failedTotal = 0;

  constructor(private readonly options: RowSenderOptions) {
    this.failing = new FailingKeys(options.backoff, options.clock);
  }

  get inFlight(): number {
    return this.rowsInFlight;
  }

  /** Rows wait for their mark. */
  get hasSent(): boolean {
    return this.sent.length > 0;
  }

  get failingKeys(): number {
    return this.failing.size;
  }

  /**
   * How many rows to read now. Waits for a quarter to be free, since reading one row costs nearly as much as reading
   * fifty.
   */
  wanted(): number {
    if (this.isStopping) return 0;
    const free = this.options.inFlightMax - this.rowsInFlight;
    if (this.failuresInARow >= OUTAGE_FAILURES) return this.rowsInFlight === 0 ? PROBE_ROWS : 0;
    return free * 4 >= this.options.inFlightMax ? free : 0;
  }

  /**
   * Keys of which nothing may be read now, for the statement that the caller sends at once. A key whose rows have all
   * been sent is not among them if these rows are marked in the very statement that reads, and left out there by their
   * ids.
   */
  excludedKeys(): string[] {
    const keys = this.failing.waiting();
    for (const keyQueue of this.keyQueues.values()) {
      if (keyQueue.hasEnded) continue;
      keyQueue.wasPassedOver = true;
      keys.push(keyQueue.key);
    }
    return keys;
  }

  /** When the first of the failing keys may be tried again. */
  retryAt(): number {
    return this.options.clock() + (this.failing.nextInMs() ?? Number.POSITIVE_INFINITY);
  }

  isIdle(shard: number): boolean {
    for (const keyQueue of this.keyQueues.values()) if (keyQueue.shard === shard) return false;
    return true;
  }

  /** @param isOwner false once the lock is lost: then nothing more of these rows is handed out */
  send(rows: readonly UnsentRow[], isOwner: () => boolean): void {
    if (rows.length === 0) return;
    const keyQueues = new Map<string, KeyQueue>();
    for (const row of rows) {
      const keyQueue = keyQueues.get(row.key);
      if (keyQueue) keyQueue.add(row);
      else keyQueues.set(row.key, new KeyQueue(row, this.generation, isOwner));
    }
    this.rowsInFlight += rows.length;
    this.startLateCheck();
    for (const keyQueue of keyQueues.values()) {
      this.keyQueues.set(keyQueue.key, keyQueue);
      this.sendNext(keyQueue);
    }
  }

  /** What was sent and is not marked yet, once. The caller marks all of it, or loses its session. */
  takeSent(): readonly SentRow[] {
    const { sent } = this;
    this.sent = [];
    return sent;
  }

  /** These rows are marked in the table: their keys may be read again. */
  marked(rows: readonly SentRow[]): void {
    for (const { keyQueue } of rows) {
      keyQueue.unmarked--;
      this.release(keyQueue);
    }
  }

  /**
   * The session is gone: nothing more of its rows is handed out or marked. A row that is with the publisher keeps its
   * key busy until that is over, or a later session would send the rows after it, and this one might arrive behind
   * them.
   */
  forgetAll(): void {
    this.generation++;
    this.sent = [];
    for (const keyQueue of this.keyQueues.values()) {
      keyQueue.unmarked = 0;
      this.release(keyQueue);
    }
  }

  /** Nothing more is handed out; what is with the publisher is waited for by {@link idle}. */
  stop(): void {
    this.isStopping = true;
  }

  async idle(limitMs: number): Promise<void> {
    if (this.rowsInFlight > 0) {
      await new Promise<void>((resolve) => {
        const limit = setTimeout(resolve, limitMs);
        this.onIdle = () => {
          clearTimeout(limit);
          resolve();
        };
      });
    }
    this.stopLateCheck();
  }

  private sendNext(keyQueue: KeyQueue): void {
    const message = keyQueue.current;
    if (!message || this.isStopping || keyQueue.generation !== this.generation || !keyQueue.isOwner()) {
      this.end(keyQueue);
      return;
    }
    keyQueue.publishedAt = this.options.clock();
    this.publish(message).then(
      () => this.onSent(keyQueue, message),
      (error: unknown) => this.onFailed(keyQueue, message, error),
    );
  }

  /** A publisher that throws instead of rejecting fails its row, not the relay. */
  private publish(message: OutboxMessage): Promise<void> {
    try {
      return this.options.publisher.publish(message);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  private onSent(keyQueue: KeyQueue, message: OutboxMessage): void {
    if (keyQueue.hasEnded) return;
    this.failuresInARow = 0;
    this.sentTotal++;
    this.failing.succeeded(keyQueue.key);
    if (keyQueue.generation !== this.generation) {
      this.end(keyQueue);
      return;
    }
    keyQueue.advance();
    keyQueue.unmarked++;
    this.rowsInFlight--;
    this.sent.push({ id: message.id, keyQueue });
    this.options.onProgress();
    this.sendNext(keyQueue);
  }

  private onFailed(keyQueue: KeyQueue, message: OutboxMessage, error: unknown): void {
    if (keyQueue.hasEnded) return;
    this.failuresInARow++;
    this.failedTotal++;
    const attempts = this.failing.failed(message.key);
    const fields = { err: error, topic: message.topic, key: message.key, outboxId: message.id, attempts };
    // A first failure heals by itself more often than not; one that goes on needs somebody.
    if (attempts >= 8) this.options.logger.error(fields, 'outbox row still not sent; its key waits');
    else this.options.logger.warn(fields, 'outbox row not sent; its key backs off');
    this.end(keyQueue);
    this.options.onReadDue(this.retryAt());
  }

  /** What comes later of a row that was late is not looked at any more. */
  private failLate(): void {
    const { publishTimeoutMs, clock } = this.options;
    const limit = clock() - publishTimeoutMs;
    for (const keyQueue of this.keyQueues.values()) {
      const message = keyQueue.current;
      if (message && !keyQueue.hasEnded && keyQueue.publishedAt <= limit)
        this.onFailed(keyQueue, message, new Error(`not confirmed in ${publishTimeoutMs} ms`));
    }
    if (this.rowsInFlight === 0) this.stopLateCheck();
  }

  private startLateCheck(): void {
    if (this.lateCheck !== undefined) return;
    this.lateCheck = setInterval(() => this.failLate(), Math.ceil(this.options.publishTimeoutMs / LOOKS_PER_LIMIT));
    this.lateCheck.unref();
  }

  private stopLateCheck(): void {
    clearInterval(this.lateCheck);
    this.lateCheck = undefined;
  }

  private end(keyQueue: KeyQueue): void {
    keyQueue.hasEnded = true;
    this.rowsInFlight -= keyQueue.left;
    this.release(keyQueue);
    this.options.onProgress();
    if (keyQueue.wasPassedOver) this.options.onReadDue(0);
    if (this.rowsInFlight === 0) this.onIdle?.();
  }

  private release(keyQueue: KeyQueue): void {
    if (keyQueue.hasEnded && keyQueue.unmarked === 0 && this.keyQueues.get(keyQueue.key) === keyQueue)
      this.keyQueues.delete(keyQueue.key);
  }
}
