import type { Client, Notification, Pool, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { LEASE_CHANNEL } from './lease-statements.js';
import type { OutboxMessage } from './outbox-message.js';
import { closeRelayClient, openRelayClient } from './relay-client.js';
import { ShardLeases } from './shard-leases.js';

const WAKE_CHANNEL = 'outbox_wake';

/** A row that was read to be sent. */
export interface UnsentRow extends OutboxMessage {
  readonly shard: number;
}

/** The same as PostgreSQL answers it. */
type UnsentRecord = Omit<UnsentRow, 'tag' | 'delayMs'> & {
  readonly tag: string | null;
  readonly delayMs: number | null;
};

interface RelaySessionOptions {
  readonly pool: Pool;
  /** The time limit of each statement. */
  readonly statementTimeoutMs: number;
  /** The term of the leases. */
  readonly termMs: number;
  readonly clock: () => number;
  /** The relay's last session, which is over. */
  readonly previousId: string | undefined;
  /** Called when another relay announces committed rows, and when the connection is lost. */
  readonly onWake: () => void;
  /** Called when shards may be free, or when there are more relays to share them with. */
  readonly onLeasesChanged: () => void;
}

/** `pg` accepts a time limit for each query, but its types do not have it. */
interface TimedQueryConfig extends QueryConfig {
  readonly query_timeout: number;
}

/*
 * The fence: a relay marks and reads rows of the shards that it holds in this moment, whatever it has held before. The list is
 * made once for a statement, so it costs the statement what a parameter would.
 */
const HELD_BY = (parameter: string): string =>
  `shard = ANY(ARRAY(SELECT lease.shard FROM outbox_leases AS lease WHERE lease.holder = ${parameter}::bigint))`;

const MARK_SENT = {
  name: 'outbox-mark-sent',
  text: `UPDATE outbox SET sent_at = clock_timestamp() WHERE id = ANY($1::bigint[]) AND ${HELD_BY('$2')}`,
};

/**
 * The same for what is left when somebody has locked a row: it marks all others, and returns the locked ones. A row that is gone, or
 * of a shard that is held no more, needs no mark.
 */
const MARK_UNLOCKED = {
  name: 'outbox-mark-unlocked',
  text: `WITH marked AS (
      UPDATE outbox SET sent_at = clock_timestamp() WHERE id IN (
        SELECT id FROM outbox WHERE id = ANY($1::bigint[]) AND ${HELD_BY('$2')} ORDER BY id FOR UPDATE SKIP LOCKED)
      RETURNING id)
    SELECT id::text FROM outbox
    WHERE id = ANY($1::bigint[]) AND sent_at IS NULL AND ${HELD_BY('$2')} AND id NOT IN (SELECT id FROM marked)`,
};

/*
 * Marks and reads in one round trip. Both parts see the table as it was when the statement began, so the read must
 * leave the marked rows out by their ids. NOT IN with a subquery costs one hash probe per row; `<> ALL` of a parameter
 * would compare each row with each element.
 */
const MARK_SENT_AND_READ_UNSENT = {
  name: 'outbox-mark-sent-and-read-unsent',
  text: `WITH marked AS (UPDATE outbox SET sent_at = clock_timestamp() WHERE id = ANY($1::bigint[]) AND ${HELD_BY('$2')})
    SELECT id::text, shard, topic, tag, order_key AS key, payload, headers,
      nullif(greatest(0, ceil(delay_ms - 1000 * extract(epoch FROM clock_timestamp() - created_at))), 0)::float8 AS "delayMs"
    FROM outbox
    WHERE sent_at IS NULL AND ${HELD_BY('$2')}
      AND order_key NOT IN (SELECT unnest($3::text[])) AND id NOT IN (SELECT unnest($1::bigint[]))
    ORDER BY outbox.id
    LIMIT $4`,
};

/*
 * The partial index is always the best plan. With statistics of an empty table the planner would choose another one. Planning
 * took a third of a pass, and the plan is always the same. A mark that waits for a row ends, so that the others are marked.
 * Up to PostgreSQL 17 a plan that is switched off and taken all the same (the tables of the leases are a page each) costs 10^10,
 * and JIT would compile such a statement for a second of CPU at each execution.
 */
const SETTINGS = [
  'enable_seqscan = off',
  'enable_bitmapscan = off',
  'plan_cache_mode = force_generic_plan',
  'jit = off',
];
const LOCK_WAIT_MAX_MS = 500;
const LOCK_NOT_AVAILABLE = '55P03';

/** True when a statement waited too long for a row, and changed nothing. */
export const isLockTimeout = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE;

/**
 * The connection of a relay, with its leases. It alone reads and marks rows, and only those of shards that it holds: the next
 * holder of a shard reads after it took the shard, and from then on this session reads and marks nothing of it.
 */
export class RelaySession {
  private isAlive = true;
  /** Resolves when the connection is closed. */
  private ended: Promise<void> = Promise.resolve();
  private backendPid = 0;
  private registered: ShardLeases | undefined;

  private constructor(
    private readonly client: Client,
    private readonly options: RelaySessionOptions,
  ) {
    client.on('error', this.onError);
    client.on('notification', this.onNotification);
  }

  static async open(options: RelaySessionOptions): Promise<RelaySession> {
    const client = await openRelayClient(options.pool);
    const session = new RelaySession(client, options);
    try {
      await session.prepare();
      return session;
    } catch (error) {
      void session.close();
      throw error;
    }
  }

  get alive(): boolean {
    return this.isAlive;
  }

  get leases(): ShardLeases {
    if (!this.registered) throw new Error('the session is not open yet');
    return this.registered;
  }

  /** True while rows of this session may be sent. */
  get mayPublish(): boolean {
    return this.isAlive && this.leases.isValid;
  }

  /**
   * Marks rows as sent, and reads the oldest unsent rows of this session's shards, without the keys that are busy or in
   * their back-off. When it resolves, the marks are committed. So the answer may have the next rows of a key whose rows
   * it marked.
   */
  async markAndRead(sentIds: readonly string[], exceptKeys: readonly string[], limit: number): Promise<UnsentRow[]> {
    const { rows } = await this.query<UnsentRecord>({
      ...MARK_SENT_AND_READ_UNSENT,
      values: [sentIds, this.leases.relayId, exceptKeys, limit],
    });
    return rows.map(withoutNulls);
  }

  async mark(ids: readonly string[]): Promise<void> {
    await this.query({ ...MARK_SENT, values: [ids, this.leases.relayId] });
  }

  /** Marks the rows that nobody has locked. @returns the ids of the locked ones */
  async markUnlocked(ids: readonly string[]): Promise<string[]> {
    const { rows } = await this.query<{ id: string }>({ ...MARK_UNLOCKED, values: [ids, this.leases.relayId] });
    return rows.map(({ id }) => id);
  }

  /** Wakes the other relays, because a row that was committed here may belong to a shard of another relay. */
  async wakeOthers(): Promise<void> {
    await this.query({ text: `NOTIFY ${WAKE_CHANNEL}` });
  }

  /** Ends the connection. The shards stay leased until PostgreSQL has noticed, or until {@link ShardLeases.leave}. */
  close(): Promise<void> {
    if (this.isAlive) this.end();
    return this.ended;
  }

  private async prepare(): Promise<void> {
    for (const setting of [...SETTINGS, `lock_timeout = ${LOCK_WAIT_MAX_MS}`])
      await this.query({ text: `SET ${setting}` });
    const { rows } = await this.query<{ pid: number }>({ text: 'SELECT pg_backend_pid() AS pid' });
    this.backendPid = rows[0]?.pid ?? 0;
    await this.query({ text: `LISTEN ${WAKE_CHANNEL}` });
    await this.query({ text: `LISTEN ${LEASE_CHANNEL}` });
    const { termMs, clock, previousId } = this.options;
    this.registered = await ShardLeases.register({ query: (it) => this.query(it), termMs, clock }, previousId);
  }

  /** Rejects when there is no answer in time. The connection cannot be used after that. */
  private query<Row extends QueryResultRow>(statement: QueryConfig): Promise<QueryResult<Row>> {
    const config: TimedQueryConfig = { ...statement, query_timeout: this.options.statementTimeoutMs };
    return this.client.query<Row>(config);
  }

  private readonly onError = (): void => {
    if (this.isAlive) this.end();
    this.options.onWake();
  };

  /** PostgreSQL notifies the sender too, which need not wake itself. */
  private readonly onNotification = ({ processId, channel }: Notification): void => {
    if (processId === this.backendPid) return;
    if (channel === LEASE_CHANNEL) this.options.onLeasesChanged();
    else this.options.onWake();
  };

  private end(): void {
    this.isAlive = false;
    this.client.off('notification', this.onNotification);
    this.ended = closeRelayClient(this.client);
  }
}

function withoutNulls(record: UnsentRecord): UnsentRow {
  return { ...record, tag: record.tag ?? undefined, delayMs: record.delayMs ?? undefined };
}
