import type { BackoffOptions } from './failing-keys.js';
import { FailingKeys } from './failing-keys.js';
import type { OutboxLogger } from './outbox-logger.js';
import type { OutboxMessage, OutboxPublisher } from './outbox-message.js';
import type { UnsentRow } from './relay-session.js';

export interface DispatcherOptions {
  readonly publisher: OutboxPublisher;
  readonly logger: OutboxLogger;
  readonly inFlightMax: number;
  readonly publishTimeoutMs: number;
  readonly backoff: BackoffOptions;
  readonly clock: () => number;
  /** Something was sent, failed, or became free. */
  readonly onProgress: () => void;
}

export interface SentRow {
  readonly id: string;
  readonly chain: Chain;
}

/** The rows of one key that are under way: sent one after the other, and marked before the key is read again. */
interface Chain {
  readonly key: string;
  readonly shard: number;
  unmarked: number;
  isDone: boolean;
}

/**
 * After this many failures without a success it is the broker that is down, not a message that is bad.
 * From then on a few rows a time are tried, until one succeeds.
 */
const OUTAGE_FAILURES = 32;
const PROBE_ROWS = 8;

/** Hands rows to the publisher: keys side by side, rows of one key one after the other. */
export class Dispatcher {
  private readonly chains = new Map<string, Chain>();
  private readonly failing: FailingKeys;
  private sent: SentRow[] = [];
  private rowsInFlight = 0;
  private failuresInARow = 0;
  private isStopping = false;
  private generation = 0;
  private onIdle: (() => void) | undefined;
  sentTotal = 0;
  failedTotal = 0;

  constructor(private readonly options: DispatcherOptions) {
    this.failing = new FailingKeys(options.backoff, options.clock);
  }

  get inFlight(): number {
    return this.rowsInFlight;
  }

  get failingKeys(): number {
    return this.failing.size;
  }

  /** How many rows to read now. Waits for a quarter to be free, since reading one row costs nearly as much as reading fifty. */
  wanted(): number {
    if (this.isStopping) return 0;
    const free = this.options.inFlightMax - this.rowsInFlight;
    if (this.failuresInARow >= OUTAGE_FAILURES) return this.rowsInFlight === 0 ? PROBE_ROWS : 0;
    return free * 4 >= this.options.inFlightMax ? free : 0;
  }

  excludedKeys(): string[] {
    return [...this.chains.keys(), ...this.failing.waiting()];
  }

  nextRetryInMs(): number | undefined {
    return this.failing.nextInMs();
  }

  isIdle(shard: number): boolean {
    for (const chain of this.chains.values()) if (chain.shard === shard) return false;
    return true;
  }

  /** @param isOwner false once the lock is lost: then nothing more of these rows is handed out */
  dispatch(rows: readonly UnsentRow[], isOwner: () => boolean): void {
    const byKey = new Map<string, UnsentRow[]>();
    for (const row of rows) {
      const list = byKey.get(row.message.key);
      if (list) list.push(row);
      else byKey.set(row.message.key, [row]);
    }
    for (const [key, list] of byKey) {
      const chain: Chain = { key, shard: list[0]?.shard ?? 0, unmarked: 0, isDone: false };
      this.chains.set(key, chain);
      this.rowsInFlight += list.length;
      void this.sendInOrder(chain, list, isOwner, this.generation);
    }
  }

  takeSent(): readonly SentRow[] {
    const { sent } = this;
    this.sent = [];
    return sent;
  }

  /** These rows are marked in the table: their keys may be read again. */
  marked(rows: readonly SentRow[]): void {
    for (const { chain } of rows) {
      chain.unmarked--;
      this.release(chain);
    }
  }

  /**
   * The session is gone: nothing more of its rows is handed out or marked. A row that is with the publisher keeps its key
   * busy until that is over, or a later session would send the rows after it, and this one might arrive behind them.
   */
  forgetAll(): void {
    this.generation++;
    this.sent = [];
    for (const chain of this.chains.values()) {
      chain.unmarked = 0;
      this.release(chain);
    }
  }

  /** Nothing more is handed out; what is with the publisher is waited for by {@link idle}. */
  stop(): void {
    this.isStopping = true;
  }

  async idle(limitMs: number): Promise<void> {
    if (this.rowsInFlight === 0) return;
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, limitMs);
      this.onIdle = () => {
        clearTimeout(limit);
        resolve();
      };
    });
  }

  private async sendInOrder(
    chain: Chain,
    rows: readonly UnsentRow[],
    isOwner: () => boolean,
    generation: number,
  ): Promise<void> {
    let left = rows.length;
    for (const { message } of rows) {
      if (this.isStopping || generation !== this.generation || !isOwner()) break;
      const isSent = await this.send(message);
      if (!isSent || generation !== this.generation) break;
      left--;
      this.rowsInFlight--;
      chain.unmarked++;
      this.sent.push({ id: message.id, chain });
      this.options.onProgress();
    }
    this.rowsInFlight -= left;
    chain.isDone = true;
    this.release(chain);
    this.options.onProgress();
    if (this.rowsInFlight === 0) this.onIdle?.();
  }

  private release(chain: Chain): void {
    if (chain.isDone && chain.unmarked === 0 && this.chains.get(chain.key) === chain) this.chains.delete(chain.key);
  }

  private async send(message: OutboxMessage): Promise<boolean> {
    try {
      await within(this.options.publisher.publish(message), this.options.publishTimeoutMs);
    } catch (error) {
      this.failuresInARow++;
      this.failedTotal++;
      const attempts = this.failing.failed(message.key);
      const fields = { err: error, topic: message.topic, key: message.key, outboxId: message.id, attempts };
      // A first failure heals by itself more often than not; one that goes on needs somebody.
      if (attempts >= 8) this.options.logger.error(fields, 'outbox row still not sent; its key waits');
      else this.options.logger.warn(fields, 'outbox row not sent; its key backs off');
      return false;
    }
    this.failuresInARow = 0;
    this.sentTotal++;
    this.failing.succeeded(message.key);
    return true;
  }
}

async function within(promise: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not confirmed in ${limitMs} ms`)), limitMs);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
