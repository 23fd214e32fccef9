import type { Pool } from 'pg';
import { RowSender } from './row-sender.js';
import type { SentRow } from './row-sender.js';
import type { OutboxLogger } from './outbox-logger.js';
import { silentLogger } from './outbox-logger.js';
import type { OutboxPublisher } from './outbox-message.js';
import { purgeSent, readLag } from './outbox-statements.js';
import type { OutboxLag } from './outbox-statements.js';
import { RelaySession } from './relay-session.js';
import { WakeUp } from './wake-up.js';

export interface OutboxRelayOptions {
  /**
   * One connection of it is held for as long as the relay runs. Not through a pooler in transaction mode: session
   * locks.
   */
  readonly pool: Pool;
  readonly publisher: OutboxPublisher;
  readonly logger?: OutboxLogger;
  /** How long a row that no wake call announced may lie before it is seen. @default 500 */
  readonly pollIntervalMs?: number;
  /**
   * Least time between two passes over the table. The first wake call after a pause is served at once; under load one
   * pass serves all commits of this time, which is what the relay costs the database. At most `inFlightMax` rows leave
   * in it.
   * @default 20
   */
  readonly passIntervalMs?: number;
  /** How long a sent row waits for its mark at most when no read takes the mark along. @default 100 */
  readonly markIntervalMs?: number;
  /** Messages handed to the publisher and not answered yet, at most. @default 256 */
  readonly inFlightMax?: number;
  /** A publish that takes longer counts as failed and is sent again. Looked at ten times within it. @default 15000 */
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
  /**
   * Milliseconds that only go forward: waits must not follow a wall clock that is set back.
   * @default performance.now
   */
  readonly clock?: () => number;
}

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
 *   relaying      rebalance when due; in one statement mark what was sent and read what is unsent; hand it out; sleep
 *   stopping      nothing new is read; messages under way are waited for and marked; then the session ends
 *
 * A pass asks the database nothing unless a read is due, or the mark of rows that were sent. A read is due after a wake
 * call, here or from another relay; at the poll; when a key's back-off is over; when the read before was full; and when
 * a key is free that a read passed over. It takes along all marks there are, so that under load marks cost nothing. A
 * key waits for its mark with nothing: the read that brings its next rows is the statement that marks those before.
 */

/**
 * Sends committed outbox rows. Every replica of a service runs one; they divide the keys among themselves by shard,
 * each shard under a session lock of one relay, so that rows of one key leave in order whoever sends them.
 * A row counts as sent when the publisher resolved. A crash between the two sends it again: at least once.
 */
export class OutboxRelay {
  private readonly clock: () => number;
  private readonly wakeUp: WakeUp;
  private readonly sender: RowSender;
  private readonly logger: OutboxLogger;
  private session: RelaySession | undefined;
  private loop: Promise<void> | undefined;
  private running = false;
  /** A commit here that other relays do not know of yet. */
  private mustWakeOthers = false;
  /** When the table is looked at even if nobody has said a word. */
  private readAt = 0;
  /** No read begins before. */
  private notBefore = 0;
  /** When rows that were sent are marked, if no read takes them along before. */
  private markAt = Number.POSITIVE_INFINITY;
  private rebalanceAt = 0;
  private connectFailures = 0;
  private purgeTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: OutboxRelayOptions) {
    this.logger = options.logger ?? silentLogger;
    this.clock = options.clock ?? (() => performance.now());
    this.wakeUp = new WakeUp(this.clock);
    this.sender = new RowSender({
      publisher: options.publisher,
      logger: this.logger,
      inFlightMax: options.inFlightMax ?? 256,
      publishTimeoutMs: options.publishTimeoutMs ?? 15_000,
      backoff: { initialMs: options.backoffInitialMs ?? 200, maxMs: options.backoffMaxMs ?? 30_000 },
      clock: this.clock,
      onProgress: () => this.onProgress(),
      onReadDue: (time) => this.readBy(time),
    });
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    this.loop = this.run();
    this.purgeTimer = setInterval(() => void this.purge(), this.options.purgeIntervalMs ?? 60_000);
    this.purgeTimer.unref();
  }

  /**
   * Tells the relay that rows were committed. Call it after the commit; a forgotten call costs the poll interval, no
   * more.
   */
  wake(): void {
    this.mustWakeOthers = true;
    this.readBy(0);
  }

  /**
   * Finishes what is under way, then gives the shards back. Rows not sent yet are for the other relays, or for the next
   * start.
   */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.running = false;
    clearInterval(this.purgeTimer);
    this.wakeUp.by(0);
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
      inFlight: this.sender.inFlight,
      failingKeys: this.sender.failingKeys,
      sentTotal: this.sender.sentTotal,
      failedTotal: this.sender.failedTotal,
    };
  }

  private readBy(time: number): void {
    this.readAt = Math.min(this.readAt, time);
    this.wakeUp.by(Math.max(this.readAt, this.notBefore));
  }

  private onProgress(): void {
    const now = this.clock();
    // A read that is due may have waited for room.
    if (this.readAt <= now) this.wakeUp.by(this.notBefore);
    if (this.markAt !== Number.POSITIVE_INFINITY || !this.sender.hasSent) return;
    this.markAt = now + (this.options.markIntervalMs ?? 100);
    this.wakeUp.by(this.markAt);
  }

  private async run(): Promise<void> {
    while (this.running) {
      let pausedUntil = 0;
      let nextAt = 0;
      try {
        this.session ??= await RelaySession.open({
          pool: this.options.pool,
          statementTimeoutMs: this.options.statementTimeoutMs ?? 10_000,
          onWake: () => this.readBy(0),
        });
        nextAt = await this.pass(this.session);
        this.connectFailures = 0;
      } catch (error) {
        this.disconnected(error);
        pausedUntil = this.notBefore;
      }
      if (this.running) await this.wakeUp.sleep(pausedUntil, nextAt);
    }
    await this.finish();
  }

  /** @returns when there is something to do, if nothing happens before */
  private async pass(session: RelaySession): Promise<number> {
    const now = this.clock();
    if (now >= this.rebalanceAt) {
      this.rebalanceAt = now + (this.options.rebalanceIntervalMs ?? 1_000);
      await this.mark(session);
      await session.rebalance((shard) => this.sender.isIdle(shard));
      // No wake call told this relay of rows in a shard it has only now.
      this.readAt = now;
    }
    if (this.mustWakeOthers) {
      this.mustWakeOthers = false;
      if (session.relays > 1) await session.wakeOthers();
    }
    const limit = now >= Math.max(this.readAt, this.notBefore) ? this.room(session) : 0;
    if (limit > 0) await this.markAndRead(session, now, limit);
    else if (now >= this.markAt) await this.mark(session);
    if (!session.alive) throw new Error('the connection of the relay was lost');
    // Where there is no room to read, it is made by what is under way, and that wakes the relay.
    const readAt = this.room(session) > 0 ? Math.max(this.readAt, this.notBefore) : Number.POSITIVE_INFINITY;
    return Math.min(readAt, this.markAt, this.rebalanceAt);
  }

  private async markAndRead(session: RelaySession, now: number, limit: number): Promise<void> {
    this.notBefore = now + (this.options.passIntervalMs ?? 20);
    // Before the statement: a wake call during it is for rows that the statement may not see.
    this.readAt = Math.min(now + (this.options.pollIntervalMs ?? 500), this.sender.retryAt());
    const sent = this.takeSent();
    const ids = sent.map(({ id }) => id);
    const rows = await session.markAndRead(ids, this.sender.excludedKeys(), limit);
    if (rows.length === limit) this.readAt = now;
    this.sender.marked(sent);
    this.sender.send(rows, () => session.alive && this.session === session);
  }

  private async mark(session: RelaySession): Promise<void> {
    const sent = this.takeSent();
    if (sent.length === 0) return;
    await session.mark(sent.map(({ id }) => id));
    this.sender.marked(sent);
  }

  private takeSent(): readonly SentRow[] {
    this.markAt = Number.POSITIVE_INFINITY;
    return this.sender.takeSent();
  }

  /** How many rows may be read now. */
  private room(session: RelaySession): number {
    return session.shards.size === 0 ? 0 : this.sender.wanted();
  }

  private disconnected(error: unknown): void {
    this.session?.close();
    this.session = undefined;
    // Sent but not marked: it is sent again by whoever owns the shard next. That is what "at least once" means.
    this.sender.forgetAll();
    this.markAt = Number.POSITIVE_INFINITY;
    this.rebalanceAt = 0;
    this.connectFailures++;
    this.notBefore = this.clock() + Math.min(5_000, 50 * 2 ** Math.min(this.connectFailures, 10));
    this.logger.warn({ err: error, failures: this.connectFailures }, 'outbox relay lost its database session');
  }

  private async finish(): Promise<void> {
    const { session } = this;
    if (!session) return;
    this.sender.stop();
    await this.sender.idle(this.options.stopTimeoutMs ?? 5_000);
    try {
      await this.mark(session);
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
}
