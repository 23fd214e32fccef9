import { LeaseLostError } from './errors.js';
import type { OutboxRelayOptions } from './outbox.config.js';
import { withDefaults } from './outbox.config.js';
import type { OutboxRelayState } from './outbox-relay-state.js';
import { countFreeShards, purgeSent, readLag } from './outbox-statements.js';
import type { OutboxLag } from './outbox-statements.js';
import { isLockTimeout, RelaySession } from './relay-session.js';
import { RowSender } from './row-sender.js';
import type { SentRow } from './row-sender.js';
import { WakeUp } from './wake-up.js';

/** A rebalance that could not do all is tried again after this time. */
const LOOK_AGAIN_MS = 50;
/** A row that was sent, and that somebody has locked, is marked when it is free: this often it is tried. */
const LOCKED_AGAIN_MS = 1_000;

/*
 * Modes of the relay
 *   disconnected  has no session; tries to open one, and waits longer after each failure
 *   relaying      a loop of passes: renews and rebalances when due, marks sent rows and reads unsent ones, sends them, sleeps
 *   stopping      reads nothing more; waits for the messages that are being published, marks them, gives its shards back
 *
 * A pass runs a statement only when a read or a mark is due. A read is due
 *   - after a wake call, here or at another relay
 *   - when the poll interval is over
 *   - when the back-off of a key is over
 *   - when the last read was full
 *   - when a key is free that the last read had to skip
 *
 * The statement that reads also marks all rows that were sent before it, so that under load marks need no statements of
 * their own. Sent rows that are not marked yet do not delay their key: the statement that marks them reads the key's
 * next rows.
 */

/**
 * Sends committed outbox rows. Every replica of a service runs a relay. The relays share the keys by shard: each shard
 * is leased to one relay for a term, so rows of one key are sent in order, whichever relay sends them. A row counts as sent
 * when the publisher resolved. After a crash between the publish and the mark the row is sent again: at least once.
 */
export class OutboxRelay {
  private readonly options: Required<OutboxRelayOptions>;
  private readonly wakeUp: WakeUp;
  private readonly sender: RowSender;
  private session: RelaySession | undefined;
  private loop: Promise<void> | undefined;
  private running = false;
  /** True when the other relays have not been told of a commit here. */
  private mustWakeOthers = false;
  /** When the next read is due. */
  private readAt = 0;
  /** No read begins earlier. */
  private notBefore = 0;
  /** When sent rows are marked, unless a read marks them earlier. */
  private markAt = Number.POSITIVE_INFINITY;
  private rebalanceAt = 0;
  /** When the marks of locked rows are tried again. */
  private lockedMarkAt = Number.POSITIVE_INFINITY;
  /** The last session, in whose name this relay sends nothing more. */
  private previousId: string | undefined;
  private leasesLostTotal = 0;
  private connectFailures = 0;
  private purgeTimer: NodeJS.Timeout | undefined;

  /** @throws {OutboxOptionsError} */
  constructor(options: OutboxRelayOptions) {
    this.options = withDefaults(options);
    this.wakeUp = new WakeUp(this.options.clock);
    this.sender = new RowSender({
      ...this.options,
      backoff: { initialMs: this.options.backoffInitialMs, maxMs: this.options.backoffMaxMs },
      onProgress: () => this.onProgress(),
      onReadDue: (time) => this.readBy(time),
    });
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    this.loop = this.run();
    this.purgeTimer = setInterval(() => void this.purge(), this.options.purgeIntervalMs);
    this.purgeTimer.unref();
  }

  /** Call it after a commit that wrote rows. Without the call the rows are sent when the poll interval is over. */
  wake(): void {
    this.mustWakeOthers = true;
    this.readBy(0);
  }

  /**
   * Waits for the messages that are being published, then releases the shards. Unsent rows stay for other relays and
   * the next start.
   */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.running = false;
    clearInterval(this.purgeTimer);
    this.wakeUp.by(0);
    await this.loop;
  }

  /** The unsent rows of the whole table, those of other relays too. */
  lag(): Promise<OutboxLag> {
    return readLag(this.options.pool);
  }

  /** How many shards no live relay holds, of all replicas. Cheaper than {@link lag}, whatever the number of unsent rows. */
  freeShards(): Promise<number> {
    return countFreeShards(this.options.pool);
  }

  state(): OutboxRelayState {
    return {
      shards: this.session?.leases.shards.size ?? 0,
      relays: this.session?.leases.relays ?? 0,
      inFlight: this.sender.inFlight,
      failingKeys: this.sender.failingKeys,
      sentTotal: this.sender.sentTotal,
      failedTotal: this.sender.failedTotal,
      leasesLostTotal: this.leasesLostTotal,
    };
  }

  private readBy(time: number): void {
    this.readAt = Math.min(this.readAt, time);
    this.wakeUp.by(Math.max(this.readAt, this.notBefore));
  }

  private rebalanceBy(time: number): void {
    this.rebalanceAt = Math.min(this.rebalanceAt, time);
    this.wakeUp.by(this.rebalanceAt);
  }

  private onProgress(): void {
    const now = this.options.clock();
    // A read that is due may have waited until fewer rows are in flight.
    if (this.readAt <= now) this.wakeUp.by(this.notBefore);
    if (this.markAt !== Number.POSITIVE_INFINITY || !this.sender.hasSent) return;
    this.markAt = now + this.options.markIntervalMs;
    this.wakeUp.by(this.markAt);
  }

  private async run(): Promise<void> {
    while (this.running) {
      let pausedUntil = 0;
      let nextAt = 0;
      try {
        this.session ??= await RelaySession.open({
          ...this.options,
          termMs: this.options.leaseTermMs,
          previousId: this.previousId,
          onWake: () => this.readBy(0),
          onLeasesChanged: () => this.rebalanceBy(0),
        });
        this.previousId = this.session.leases.relayId;
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

  /** @returns when the next pass is due, if nothing wakes the relay earlier */
  private async pass(session: RelaySession): Promise<number> {
    const now = this.options.clock();
    const { leases } = session;
    await leases.renewWhenDue();
    if (now >= this.rebalanceAt) {
      this.rebalanceAt = now + this.options.rebalanceIntervalMs;
      await this.mark(session);
      const held = leases.shards.size;
      const isDone = await leases.rebalance((shard) => this.sender.isIdle(shard));
      // Another relay was faster, or a shard that is to be given away is busy.
      if (!isDone) this.rebalanceAt = now + Math.min(LOOK_AGAIN_MS, this.options.rebalanceIntervalMs);
      // Wake calls for rows of a shard that is new here went to the relay that held it before.
      if (leases.shards.size > held) this.readAt = now;
    }
    if (this.mustWakeOthers) {
      this.mustWakeOthers = false;
      if (leases.relays > 1) await session.wakeOthers();
    }
    const limit = now >= Math.max(this.readAt, this.notBefore) ? this.readLimit(session) : 0;
    if (limit > 0) await this.markAndRead(session, now, limit);
    else if (now >= this.markAt) await this.mark(session);
    if (now >= this.lockedMarkAt) await this.markLocked(session);
    if (!session.alive) throw new Error('the connection of the relay was lost');
    // While too many rows are in flight to read more, onProgress() wakes the relay.
    const readAt = this.readLimit(session) > 0 ? Math.max(this.readAt, this.notBefore) : Number.POSITIVE_INFINITY;
    return Math.min(readAt, this.markAt, this.lockedMarkAt, this.rebalanceAt, leases.renewAt);
  }

  private async markAndRead(session: RelaySession, now: number, limit: number): Promise<void> {
    await session.leases.renewWhenDue();
    this.notBefore = now + (this.sender.isBrokerAway ? this.options.backoffInitialMs : this.options.passIntervalMs);
    // It is set before the statement, because the statement may not see the rows of a wake call during it.
    this.readAt = Math.min(now + this.options.pollIntervalMs, this.sender.retryAt());
    const sent = this.takeSent();
    const rows = await this.markWith(session, sent, (ids) =>
      session.markAndRead(ids, this.sender.excludedKeys(), limit),
    );
    if (!rows || rows.length === limit) this.readAt = now;
    if (rows) this.sender.send(rows, () => this.session === session && session.mayPublish);
  }

  private async mark(session: RelaySession): Promise<void> {
    const sent = this.takeSent();
    if (sent.length > 0) await this.markWith(session, sent, (ids) => session.mark(ids));
  }

  /** Where somebody has locked one of the rows, the others are marked, and the locked ones later. @returns undefined then */
  private async markWith<T>(
    session: RelaySession,
    sent: readonly SentRow[],
    run: (ids: readonly string[]) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      const result = await run(sent.map(({ id }) => id));
      this.sender.marked(sent);
      return result;
    } catch (error) {
      if (sent.length === 0 || !isLockTimeout(error)) throw error;
    }
    await this.markUnlocked(session, sent);
    return undefined;
  }

  private async markLocked(session: RelaySession): Promise<void> {
    this.lockedMarkAt = Number.POSITIVE_INFINITY;
    await this.markUnlocked(session, this.sender.takeLocked());
  }

  private async markUnlocked(session: RelaySession, sent: readonly SentRow[]): Promise<void> {
    const lockedIds = new Set(await session.markUnlocked(sent.map(({ id }) => id)));
    this.sender.marked(sent.filter(({ id }) => !lockedIds.has(id)));
    const locked = sent.filter(({ id }) => lockedIds.has(id));
    if (locked.length === 0) return;
    this.sender.keepLocked(locked);
    this.lockedMarkAt = this.options.clock() + LOCKED_AGAIN_MS;
    this.options.logger.warn({ rows: locked.length }, 'sent outbox rows are locked by somebody; their keys wait');
  }

  private takeSent(): readonly SentRow[] {
    this.markAt = Number.POSITIVE_INFINITY;
    return this.sender.takeSent();
  }

  /** How many rows may be read now. */
  private readLimit(session: RelaySession): number {
    return session.leases.shards.size === 0 ? 0 : this.sender.readLimit();
  }

  private disconnected(error: unknown): void {
    void this.session?.close();
    this.session = undefined;
    // The next owner of a shard sends its rows again that were sent and not marked: delivery is at least once.
    this.sender.forgetAll();
    this.markAt = Number.POSITIVE_INFINITY;
    this.lockedMarkAt = Number.POSITIVE_INFINITY;
    this.rebalanceAt = 0;
    this.connectFailures++;
    if (error instanceof LeaseLostError) this.leasesLostTotal++;
    this.notBefore = this.options.clock() + Math.min(5_000, 50 * 2 ** Math.min(this.connectFailures, 10));
    this.options.logger.warn({ err: error, failures: this.connectFailures }, 'outbox relay lost its database session');
  }

  private async finish(): Promise<void> {
    const { session } = this;
    if (!session) return;
    this.sender.stop();
    await this.sender.idle(this.options.stopTimeoutMs);
    try {
      await this.mark(session);
      await session.leases.leave();
    } catch (error) {
      this.options.logger.warn({ err: error }, 'the last sent outbox rows were not marked; they will be sent again');
    }
    await session.close();
    this.session = undefined;
  }

  private async purge(): Promise<void> {
    // One relay is enough: the holder of the first shard.
    if (!this.session?.leases.shards.has(0)) return;
    try {
      await purgeSent(this.options.pool, this.options.keepSentMs);
    } catch (error) {
      this.options.logger.warn({ err: error }, 'purge of sent outbox rows failed; the next one tries again');
    }
  }
}
