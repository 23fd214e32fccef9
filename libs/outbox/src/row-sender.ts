import { KeyQueue } from './key-queue.js';
import { FailingKeys } from './failing-keys.js';
import type { OutboxMessage } from './outbox-message.js';
import type { UnsentRow } from './relay-session.js';
import type { RowSenderOptions } from './row-sender.options.js';

export interface SentRow {
  readonly id: string;
  readonly keyQueue: KeyQueue;
}

/**
 * After this many failures without a success the broker is down; a bad message alone cannot cause that many.
 * Then a few rows at a time are tried, `backoff.initialMs` apart, until one succeeds: each read passes over all rows that failed
 * before, so that many of them would cost the database more than normal work does.
 */
const OUTAGE_FAILURES = 32;
const PROBE_ROWS = 8;

/**
 * One timer checks all rows for the time limit, this many times within the limit. A timer for each row would cost more.
 */
const CHECKS_PER_LIMIT = 10;

/** Sends rows to the publisher: rows of one key one after the other, different keys at the same time. */
export class RowSender {
  private readonly keyQueues = new Map<string, KeyQueue>();
  private readonly failing: FailingKeys;
  private sent: SentRow[] = [];
  /** Rows that were sent, and that somebody has locked. */
  private locked: SentRow[] = [];
  private rowsInFlight = 0;
  private failuresInARow = 0;
  private isStopping = false;
  /** Whether the last read was for keys that have not failed. */
  private wereOthersRead = false;
  private generation = 0;
  private timeoutCheck: NodeJS.Timeout | undefined;
  private onIdle: (() => void) | undefined;
  sentTotal = 0;
  failedTotal = 0;

  constructor(private readonly options: RowSenderOptions) {
    this.failing = new FailingKeys(options.backoff, options.clock);
  }

  get inFlight(): number {
    return this.rowsInFlight;
  }

  /** True when sent rows are not marked yet. */
  get hasSent(): boolean {
    return this.sent.length > 0;
  }

  get failingKeys(): number {
    return this.failing.size;
  }

  get isBrokerAway(): boolean {
    return this.failuresInARow >= OUTAGE_FAILURES;
  }

  /**
   * How many rows may be read now. It is 0 until a quarter of `inFlightMax` is free, because a read of one row costs
   * nearly as much as a read of fifty.
   */
  readLimit(): number {
    if (this.isStopping) return 0;
    const { inFlightMax } = this.options;
    const free = inFlightMax - this.rowsInFlight;
    if (this.isBrokerAway) return this.rowsInFlight === 0 ? PROBE_ROWS : 0;
    if (free * 4 < inFlightMax) return 0;
    return this.isTurnOfFailing ? Math.min(free, this.placesOfFailing) : free;
  }

  /** Keys that fail are the oldest, and a read begins with the oldest. So each second read leaves them out, and half of the places. */
  private get isTurnOfFailing(): boolean {
    return this.failing.size > 0 && this.wereOthersRead && this.placesOfFailing > 0;
  }

  private get placesOfFailing(): number {
    let places = Math.ceil(this.options.inFlightMax / 2);
    for (const { key, hasEnded, left } of this.keyQueues.values())
      if (!hasEnded && this.failing.has(key)) places -= left;
    return places;
  }

  /**
   * The keys that the read which the caller sends now must skip. A key whose rows are all sent is not skipped, because
   * the same statement marks these rows and leaves them out by their ids.
   */
  excludedKeys(): string[] {
    const isTurnOfFailing = this.isTurnOfFailing;
    this.wereOthersRead = !isTurnOfFailing;
    const keys = isTurnOfFailing ? this.failing.waiting() : this.failing.keys();
    // Those that are left out and may be tried again have the next read.
    if (this.isTurnOfFailing && this.failing.hasDue) this.options.onReadDue(0);
    for (const keyQueue of this.keyQueues.values()) {
      if (keyQueue.hasEnded && !keyQueue.isLocked) continue;
      keyQueue.wasSkipped = true;
      keys.push(keyQueue.key);
    }
    return keys;
  }

  /** When the first failing key may be tried again. */
  retryAt(): number {
    return this.options.clock() + (this.failing.nextInMs() ?? Number.POSITIVE_INFINITY);
  }

  isIdle(shard: number): boolean {
    for (const keyQueue of this.keyQueues.values()) if (keyQueue.shard === shard) return false;
    return true;
  }

  /** @param isOwner answers false when the lease of the shard is over; then no more of these rows are sent */
  send(rows: readonly UnsentRow[], isOwner: () => boolean): void {
    if (rows.length === 0) return;
    const keyQueues = new Map<string, KeyQueue>();
    for (const row of rows) {
      const keyQueue = keyQueues.get(row.key);
      if (keyQueue) keyQueue.add(row);
      else keyQueues.set(row.key, new KeyQueue(row, this.generation, isOwner));
    }
    this.rowsInFlight += rows.length;
    this.startTimeoutCheck();
    for (const keyQueue of keyQueues.values()) {
      this.keyQueues.set(keyQueue.key, keyQueue);
      this.sendNext(keyQueue);
    }
  }

  /**
   * Takes the rows that were sent and are not marked. The caller must mark all of them; when it cannot, it calls
   * forgetAll().
   */
  takeSent(): readonly SentRow[] {
    const { sent } = this;
    this.sent = [];
    return sent;
  }

  /** Called when these rows are marked in the table, so that their keys may be read again. */
  marked(rows: readonly SentRow[]): void {
    for (const { keyQueue } of rows) {
      keyQueue.unmarked--;
      if (keyQueue.isLocked && keyQueue.unmarked === 0) {
        keyQueue.isLocked = false;
        this.options.onReadDue(0);
      }
      this.release(keyQueue);
    }
  }

  /** Called when these rows could not be marked: their keys are not read until they are. */
  keepLocked(rows: readonly SentRow[]): void {
    for (const { keyQueue } of rows) keyQueue.isLocked = true;
    this.locked.push(...rows);
  }

  /** Takes the rows of {@link keepLocked}, to mark them. */
  takeLocked(): readonly SentRow[] {
    const { locked } = this;
    this.locked = [];
    return locked;
  }

  /**
   * Called when the session is lost: no more of its rows are sent or marked. A row that is with the publisher keeps its
   * key busy until the publisher has answered. Without that, a new session could send later rows of the key before this
   * one.
   */
  forgetAll(): void {
    this.generation++;
    this.sent = [];
    this.locked = [];
    for (const keyQueue of this.keyQueues.values()) {
      keyQueue.unmarked = 0;
      this.release(keyQueue);
    }
  }

  /** Sends no more rows. {@link idle} waits for those that are with the publisher. */
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
    this.stopTimeoutCheck();
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

  /** When the publisher throws instead of rejecting, the row fails; the relay does not. */
  private publish(message: OutboxMessage): Promise<void> {
    try {
      return this.options.publisher.publish(message);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  private onSent(keyQueue: KeyQueue, message: OutboxMessage): void {
    if (keyQueue.hasEnded) return;
    this.sentTotal++;
    this.failing.succeeded(keyQueue.key);
    if (this.isBrokerAway) {
      // The broker is back. The oldest rows have failed most often, and would wait longest.
      this.failing.retryAll();
      this.options.onReadDue(0);
    }
    this.failuresInARow = 0;
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
    // Most failures end without help. One that goes on needs an administrator.
    if (attempts >= 8) this.options.logger.error(fields, 'outbox row is still not sent; its key waits');
    else this.options.logger.warn(fields, 'outbox row was not sent; its key backs off');
    this.end(keyQueue);
    this.options.onReadDue(this.retryAt());
  }

  /** Fails rows that the publisher has not answered in time. A later answer is ignored. */
  private failTimedOut(): void {
    const { publishTimeoutMs, clock } = this.options;
    const limit = clock() - publishTimeoutMs;
    for (const keyQueue of this.keyQueues.values()) {
      const message = keyQueue.current;
      if (message && !keyQueue.hasEnded && keyQueue.publishedAt <= limit)
        this.onFailed(keyQueue, message, new Error(`not confirmed in ${publishTimeoutMs} ms`));
    }
    if (this.rowsInFlight === 0) this.stopTimeoutCheck();
  }

  private startTimeoutCheck(): void {
    if (this.timeoutCheck !== undefined) return;
    this.timeoutCheck = setInterval(
      () => this.failTimedOut(),
      Math.ceil(this.options.publishTimeoutMs / CHECKS_PER_LIMIT),
    );
    this.timeoutCheck.unref();
  }

  private stopTimeoutCheck(): void {
    clearInterval(this.timeoutCheck);
    this.timeoutCheck = undefined;
  }

  private end(keyQueue: KeyQueue): void {
    keyQueue.hasEnded = true;
    this.rowsInFlight -= keyQueue.left;
    this.release(keyQueue);
    this.options.onProgress();
    if (keyQueue.wasSkipped) this.options.onReadDue(0);
    if (this.rowsInFlight === 0) this.onIdle?.();
  }

  private release(keyQueue: KeyQueue): void {
    if (keyQueue.hasEnded && keyQueue.unmarked === 0 && this.keyQueues.get(keyQueue.key) === keyQueue)
      this.keyQueues.delete(keyQueue.key);
  }
}
