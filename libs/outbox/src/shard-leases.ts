import type { QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { LeaseLostError } from './errors.js';
import {
  COUNT_RELAYS,
  FORGET_RELAYS,
  FREE_SHARDS,
  GIVE_SHARDS,
  LEASE_CHANNEL,
  LEAVE,
  REGISTER,
  RENEW,
  TAKE_SHARDS,
} from './lease-statements.js';
import { SHARD_COUNT } from './outbox-table.js';

type Query = <Row extends QueryResultRow>(statement: QueryConfig) => Promise<QueryResult<Row>>;

export interface ShardLeasesOptions {
  readonly query: Query;
  readonly termMs: number;
  readonly clock: () => number;
}

/*
 * A relay's right to send
 *   registered  it has a row with a term, and takes free shards until it has its share
 *   lost        the term was over before it was renewed, or another relay holds a shard: nothing more is sent, and the relay
 *               registers again, as a new one
 *   left        it gave all shards back
 *
 * Two limits keep the term. PostgreSQL's clock tells the other relays when the shards are free. This process's monotonic clock
 * stops the relay at the same time or before, since it counts from before the statement that began the term: a process that
 * was frozen sends nothing more when it goes on.
 */
export class ShardLeases {
  readonly shards = new Set<number>();
  relays = 1;
  private termEndsAt = 0;

  private constructor(
    private readonly options: ShardLeasesOptions,
    readonly relayId: string,
    startedAt: number,
  ) {
    this.termEndsAt = startedAt + options.termMs;
  }

  /** @param previousId of this relay's last session, whose shards are free at once */
  static async register(options: ShardLeasesOptions, previousId: string | undefined): Promise<ShardLeases> {
    await options.query({ text: FORGET_RELAYS, values: [previousId] });
    const startedAt = options.clock();
    const { rows } = await options.query<{ id: string }>({ text: REGISTER, values: [options.termMs] });
    const leases = new ShardLeases(options, rows[0]?.id ?? '', startedAt);
    await leases.tellOthers();
    return leases;
  }

  /** False from the end of the term on. Then another relay may hold the shards already. */
  get isValid(): boolean {
    return this.options.clock() < this.termEndsAt;
  }

  /** When the term is renewed: early enough that a slow answer, and one that is lost, do not end it. */
  get renewAt(): number {
    return this.termEndsAt - this.options.termMs * 0.75;
  }

  /**
   * Called before each statement and not once a pass: where the database is slow, the statements of a pass together may take
   * longer than a term, and a relay that loses its term in every pass sends nothing.
   * @throws {LeaseLostError}
   */
  async renewWhenDue(): Promise<void> {
    if (this.options.clock() >= this.renewAt) await this.renew();
  }

  private async renew(): Promise<void> {
    const startedAt = this.options.clock();
    const { rows } = await this.options.query<{ renewed: boolean; shards: number[] }>({
      ...RENEW,
      values: [this.options.termMs, this.relayId],
    });
    const held = new Set(rows[0]?.shards);
    const isWhole = [...this.shards].every((shard) => held.has(shard));
    if (!rows[0]?.renewed || !isWhole) throw new LeaseLostError('the shards of this relay have another holder');
    this.termEndsAt = startedAt + this.options.termMs;
  }

  /**
   * Takes or gives shards until this relay has its share. A shard is not given while a row of it is being sent.
   * @returns whether all of it was done; what was not must be tried again
   */
  async rebalance(isIdle: (shard: number) => boolean): Promise<boolean> {
    const { rows } = await this.query<{ relays: number }>(COUNT_RELAYS);
    this.relays = Math.max(1, rows[0]?.relays ?? 1);
    const share = Math.ceil(SHARD_COUNT / this.relays);
    const surplus = this.shards.size - share;
    if (surplus > 0) return (await this.give([...this.shards].filter(isIdle).slice(0, surplus))) === surplus;
    return surplus === 0 || this.take(-surplus);
  }

  /** Gives all shards back, for another relay to take at once. */
  async leave(): Promise<void> {
    this.termEndsAt = 0;
    await this.options.query({ text: LEAVE, values: [this.relayId] });
    await this.tellOthers();
  }

  /** @returns how many were given */
  private async give(shards: readonly number[]): Promise<number> {
    if (shards.length === 0) return 0;
    const given = await this.query<{ shard: number }>({ ...GIVE_SHARDS, values: [this.relayId, shards] });
    for (const { shard } of given.rows) this.shards.delete(shard);
    await this.tellOthers();
    return given.rows.length;
  }

  /** @returns false when other relays were faster */
  private async take(count: number): Promise<boolean> {
    const free = await this.query<{ shard: number; holder: string | null }>({
      ...FREE_SHARDS,
      values: [count],
    });
    if (free.rows.length === 0) return true;
    const taken = await this.query<{ shard: number }>({
      ...TAKE_SHARDS,
      values: [this.relayId, free.rows.map(({ shard }) => shard), free.rows.map(({ holder }) => holder)],
    });
    for (const { shard } of taken.rows) this.shards.add(shard);
    return taken.rows.length === free.rows.length;
  }

  private async query<Row extends QueryResultRow>(statement: QueryConfig): Promise<QueryResult<Row>> {
    await this.renewWhenDue();
    return this.options.query<Row>(statement);
  }

  private async tellOthers(): Promise<void> {
    await this.options.query({ text: `NOTIFY ${LEASE_CHANNEL}` });
  }
}
