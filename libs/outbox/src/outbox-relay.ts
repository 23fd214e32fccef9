import type { Pool } from 'pg';
import { Dispatcher } from './dispatcher.js';
import type { OutboxLogger } from './outbox-logger.js';
import { silentLogger } from './outbox-logger.js';
import type { OutboxPublisher } from './outbox-message.js';
import { purgeSent, readLag } from './outbox-statements.js';
import type { OutboxLag } from './outbox-statements.js';
import { RelaySession } from './relay-session.js';
import { WakeUp } from './wake-up.js';

export interface OutboxRelayOptions {
  /** One connection of it is held for as long as the relay runs. Not through a pooler in transaction mode: session locks. */
  readonly pool: Pool;
  readonly publisher: OutboxPublisher;
  readonly logger?: OutboxLogger;
  /** How long a row that nobody nudged for may lie before it is seen. @default 500 */
  readonly pollIntervalMs?: number;
  /** Messages handed to the publisher and not answered yet, at most. @default 256 */
  readonly inFlightMax?: number;
  /** A publish that takes longer counts as failed and is sent again. @default 15000 */
  readonly publishTimeoutMs?: number;
  /** Back-off of a key that fails: first wait and longest wait. @default 200 and 30000 */
  readonly backoffInitialMs?: number;
  readonly backoffMaxMs?: number;
  /** How often relays look whether they have their share of the shards. @default 1000 */
  readonly rebalanceIntervalMs?: number;
  /** Sent rows are kept this long, for people who ask what was sent. @default 86400000 (a day) */
  readonly keepSentMs?: number;
  /** @default 60000 */
  readonly purgeIntervalMs?: number;
  /** How long `stop` waits for messages under way. @default 5000 */
  readonly stopTimeoutMs?: number;
  /** A database that takes longer to answer the relay counts as lost. @default 10000 */
  readonly statementTimeoutMs?: number;
  /** Milliseconds that only go forward: waits must not follow a wall clock that is set back. @default performance.now */
  readonly clock?: () => number;
}

const monotonicMs = (): number => performance.now();

export interface OutboxRelayState {
  readonly shards: number;
  readonly relays: number;
  readonly inFlight: number;
  readonly failingKeys: number;
  readonly sentTotal: number;
  readonly failedTotal: number;
}

/*
 * Modes of the relay
 *   disconnected  no session: tries to open one, waits a little longer after each failure
 *   relaying      rebalance when due; mark what was sent; read what is unsent; hand it out; sleep until woken or polled
 *   stopping      nothing new is read; messages under way are waited for and marked; then the session ends
 */

/**
 * Sends committed outbox rows. Every replica of a service runs one; they divide the keys among themselves by shard,
 * each shard under a session lock of one relay, so that rows of one key leave in order whoever sends them.
 * A row counts as sent when the publisher resolved. A crash between the two sends it again: at least once.
 */
export class OutboxRelay {
  private readonly wakeUp = new WakeUp();
  private readonly dispatcher: Dispatcher;
  private readonly logger: OutboxLogger;
  private session: RelaySession | undefined;
  private loop: Promise<void> | undefined;
  private running = false;
  private nudged = false;
  private rebalanceAt = 0;
  private connectFailures = 0;
  private purgeTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: OutboxRelayOptions) {
    this.logger = options.logger ?? silentLogger;
    this.dispatcher = new Dispatcher({
      publisher: options.publisher,
      logger: this.logger,
      inFlightMax: options.inFlightMax ?? 256,
      publishTimeoutMs: options.publishTimeoutMs ?? 15_000,
      backoff: { initialMs: options.backoffInitialMs ?? 200, maxMs: options.backoffMaxMs ?? 30_000 },
      clock: options.clock ?? monotonicMs,
      onProgress: () => this.wakeUp.wake(),
    });
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    this.loop = this.run();
    this.purgeTimer = setInterval(() => void this.purge(), this.options.purgeIntervalMs ?? 60_000);
    this.purgeTimer.unref();
  }

  /** Tells the relay that rows were committed. Call it after the commit; a forgotten call costs the poll interval, no more. */
  nudge(): void {
    this.nudged = true;
    this.wakeUp.wake();
  }

  /** Finishes what is under way, then gives the shards back. Rows not sent yet are for the other relays, or for the next start. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.running = false;
    clearInterval(this.purgeTimer);
    this.wakeUp.wake();
    await this.loop;
  }

  /** Rows of the whole table that wait to be sent, whoever will send them. */
  lag(): Promise<OutboxLag> {
    return readLag(this.options.pool);
  }

  state(): OutboxRelayState {
    return {
      shards: this.session?.shards.size ?? 0,
      relays: this.session?.relays ?? 0,
      inFlight: this.dispatcher.inFlight,
      failingKeys: this.dispatcher.failingKeys,
      sentTotal: this.dispatcher.sentTotal,
      failedTotal: this.dispatcher.failedTotal,
    };
  }

  private async run(): Promise<void> {
    while (this.running) {
      let pauseMs: number;
      try {
        this.session ??= await RelaySession.open({
          pool: this.options.pool,
          statementTimeoutMs: this.options.statementTimeoutMs ?? 10_000,
          onWake: () => this.wakeUp.wake(),
        });
        pauseMs = await this.pass(this.session);
        this.connectFailures = 0;
      } catch (error) {
        pauseMs = this.disconnected(error);
      }
      if (pauseMs > 0) await this.wakeUp.sleep(pauseMs);
    }
    await this.finish();
  }

  /** @returns how long there is nothing to do, unless woken */
  private async pass(session: RelaySession): Promise<number> {
    const now = this.now();
    if (now >= this.rebalanceAt) {
      this.rebalanceAt = now + (this.options.rebalanceIntervalMs ?? 1_000);
      await session.rebalance((shard) => this.dispatcher.isIdle(shard));
    }
    await this.markSent(session);
    if (this.nudged) {
      this.nudged = false;
      if (session.relays > 1) await session.wakeOthers();
    }
    const limit = this.dispatcher.wanted();
    const rows = limit > 0 ? await session.read(this.dispatcher.excludedKeys(), limit) : [];
    this.dispatcher.dispatch(rows, () => session.alive && this.session === session);
    if (!session.alive) throw new Error('the connection of the relay was lost');
    if (rows.length > 0 && rows.length === limit && this.dispatcher.wanted() > 0) return 0;
    const pollMs = Math.min(this.options.pollIntervalMs ?? 500, this.rebalanceAt - this.now());
    return Math.max(1, Math.min(pollMs, this.dispatcher.nextRetryInMs() ?? pollMs));
  }

  private async markSent(session: RelaySession): Promise<void> {
    const sent = this.dispatcher.takeSent();
    if (sent.length === 0) return;
    await session.mark(sent.map(({ id }) => id));
    this.dispatcher.marked(sent);
  }

  private disconnected(error: unknown): number {
    this.session?.close();
    this.session = undefined;
    // Sent but not marked: it is sent again by whoever owns the shard next. That is what "at least once" means.
    this.dispatcher.forgetAll();
    this.rebalanceAt = 0;
    this.connectFailures++;
    this.logger.warn({ err: error, failures: this.connectFailures }, 'outbox relay lost its database session');
    return Math.min(5_000, 50 * 2 ** Math.min(this.connectFailures, 10));
  }

  private async finish(): Promise<void> {
    const { session } = this;
    if (!session) return;
    this.dispatcher.stop();
    await this.dispatcher.idle(this.options.stopTimeoutMs ?? 5_000);
    try {
      await this.markSent(session);
    } catch (error) {
      this.logger.warn({ err: error }, 'outbox rows sent last could not be marked; they will be sent again');
    }
    session.close();
    this.session = undefined;
  }

  private async purge(): Promise<void> {
    // One of the relays is enough: the owner of the first shard.
    if (!this.session?.shards.has(0)) return;
    try {
      await purgeSent(this.options.pool, this.options.keepSentMs ?? 86_400_000);
    } catch (error) {
      this.logger.warn({ err: error }, 'outbox purge failed; it is tried again');
    }
  }

  private now(): number {
    return (this.options.clock ?? monotonicMs)();
  }
}
