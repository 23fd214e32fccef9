import type { Notification, Pool, PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import type { OutboxMessage } from './outbox-message.js';
import { SHARD_COUNT } from './outbox-table.js';

/**
 * The first key of all advisory locks here, so that they differ from the other locks of the database. The second key is
 * a shard, or PRESENCE.
 */
const LOCK_CLASS = 0x6f_75_74_62;
const PRESENCE = -1;
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
  /** The time limit of each statement and of opening the connection. */
  readonly statementTimeoutMs: number;
  /** Called when another relay announces committed rows, and when the connection is lost. */
  readonly onWake: () => void;
}

/** `pg` accepts a time limit for each query, but its types do not have it. */
interface TimedQueryConfig extends QueryConfig {
  readonly query_timeout: number;
}

const MARK_SENT = {
  name: 'outbox-mark-sent',
  text: 'UPDATE outbox SET sent_at = clock_timestamp() WHERE id = ANY($1::bigint[])',
};

/*
 * Marks and reads in one round trip. Both parts see the table as it was when the statement began, so the read must
 * leave the marked rows out by their ids. NOT IN with a subquery costs one hash probe per row; `<> ALL` of a parameter
 * would compare each row with each element.
 */
const MARK_SENT_AND_READ_UNSENT = {
  name: 'outbox-mark-sent-and-read-unsent',
  text: `WITH marked AS (UPDATE outbox SET sent_at = clock_timestamp() WHERE id = ANY($1::bigint[]))
    SELECT id::text, shard, topic, tag, order_key AS key, payload, headers,
      nullif(greatest(0, ceil(delay_ms - 1000 * extract(epoch FROM clock_timestamp() - created_at))), 0)::float8 AS "delayMs"
    FROM outbox
    WHERE sent_at IS NULL AND shard = ANY($2::smallint[])
      AND order_key NOT IN (SELECT unnest($3::text[])) AND id NOT IN (SELECT unnest($1::bigint[]))
    ORDER BY outbox.id
    LIMIT $4`,
};

const TRY_SHARD = { name: 'outbox-try-shard', text: 'SELECT pg_try_advisory_lock($1, $2) AS locked' };
const RELEASE_SHARD = { name: 'outbox-release-shard', text: 'SELECT pg_advisory_unlock($1, $2)' };

const COUNT_RELAYS = {
  name: 'outbox-count-relays',
  text: `SELECT count(*)::int AS relays FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND classid = $1::int8::oid AND objid = ($2::int8 & 4294967295)::oid
      AND objsubid = 2 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
};

/**
 * The connection of a relay. It holds the relay's shards as session locks, and it alone reads and marks rows. So a
 * relay cannot read a shard whose lock it has lost: when the connection ends, PostgreSQL releases the locks, and this
 * session can run no more statements. The next owner reads after it got the lock, so it sees all marks.
 */
export class RelaySession {
  readonly shards = new Set<number>();
  relays = 1;
  private isAlive = true;
  private backendPid = 0;

  private constructor(
    private readonly client: PoolClient,
    private readonly statementTimeoutMs: number,
    private readonly onWake: () => void,
  ) {
    client.on('error', this.onError);
    client.on('notification', this.onNotification);
  }

  static async open({ pool, statementTimeoutMs, onWake }: RelaySessionOptions): Promise<RelaySession> {
    const client = await connectWithin(pool, statementTimeoutMs);
    const session = new RelaySession(client, statementTimeoutMs, onWake);
    try {
      // The partial index is always the best plan. With statistics of an empty table the planner would choose another
      // one.
      await session.query({ text: 'SET enable_seqscan = off' });
      await session.query({ text: 'SET enable_bitmapscan = off' });
      // Planning took a third of a pass, and the plan is always the same.
      await session.query({ text: 'SET plan_cache_mode = force_generic_plan' });
      await session.lockPresence();
      await session.query({ text: `LISTEN ${WAKE_CHANNEL}` });
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  get alive(): boolean {
    return this.isAlive;
  }

  /**
   * Locks or releases shards until this relay has its share. A shard is not released while a row of it is being sent.
   */
  async rebalance(isIdle: (shard: number) => boolean): Promise<void> {
    const { rows } = await this.query<{ relays: number }>({ ...COUNT_RELAYS, values: [LOCK_CLASS, PRESENCE] });
    this.relays = Math.max(1, rows[0]?.relays ?? 1);
    const share = Math.ceil(SHARD_COUNT / this.relays);
    for (const shard of this.shards) {
      if (this.shards.size <= share) break;
      if (!isIdle(shard)) continue;
      this.shards.delete(shard);
      await this.query({ ...RELEASE_SHARD, values: [LOCK_CLASS, shard] });
    }
    for (let shard = 0; shard < SHARD_COUNT && this.shards.size < share; shard++) {
      if (this.shards.has(shard)) continue;
      const tried = await this.query<{ locked: boolean }>({ ...TRY_SHARD, values: [LOCK_CLASS, shard] });
      if (tried.rows[0]?.locked) this.shards.add(shard);
    }
  }

  /**
   * Marks rows as sent, and reads the oldest unsent rows of this session's shards, without the keys that are busy or in
   * their back-off. When it resolves, the marks are committed. So the answer may have the next rows of a key whose rows
   * it marked.
   */
  async markAndRead(sentIds: readonly string[], exceptKeys: readonly string[], limit: number): Promise<UnsentRow[]> {
    const { rows } = await this.query<UnsentRecord>({
      ...MARK_SENT_AND_READ_UNSENT,
      values: [sentIds, [...this.shards], exceptKeys, limit],
    });
    return rows.map(withoutNulls);
  }

  async mark(ids: readonly string[]): Promise<void> {
    await this.query({ ...MARK_SENT, values: [ids] });
  }

  /** Wakes the other relays, because a row that was committed here may belong to a shard of another relay. */
  async wakeOthers(): Promise<void> {
    await this.query({ text: `NOTIFY ${WAKE_CHANNEL}` });
  }

  /** Ends the connection, which releases the locks. */
  close(): void {
    if (!this.isAlive) return;
    this.end();
  }

  /** A shared lock that every relay holds, so that the relays can count each other. */
  private async lockPresence(): Promise<void> {
    const { rows } = await this.query<{ pid: number }>({
      text: 'SELECT pg_advisory_lock_shared($1, $2), pg_backend_pid() AS pid',
      values: [LOCK_CLASS, PRESENCE],
    });
    this.backendPid = rows[0]?.pid ?? 0;
  }

  /** Rejects when there is no answer in time. The connection cannot be used after that. */
  private query<Row extends QueryResultRow>(statement: QueryConfig): Promise<QueryResult<Row>> {
    const config: TimedQueryConfig = { ...statement, query_timeout: this.statementTimeoutMs };
    return this.client.query<Row>(config);
  }

  private readonly onError = (): void => {
    if (this.isAlive) this.end();
    this.onWake();
  };

  /** PostgreSQL notifies the sender too, which need not wake itself. */
  private readonly onNotification = ({ processId }: Notification): void => {
    if (processId !== this.backendPid) this.onWake();
  };

  private end(): void {
    this.isAlive = false;
    this.shards.clear();
    this.client.off('notification', this.onNotification);
    // `true` closes the connection. Without it the connection would return to the pool with its locks.
    this.client.release(true);
  }
}

/** A connection that the pool gives after the time limit goes back to the pool. */
async function connectWithin(pool: Pool, limitMs: number): Promise<PoolClient> {
  const connecting = pool.connect();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      connecting.then(
        (client) => client.release(),
        () => undefined,
      );
      reject(new Error(`no connection to the database in ${limitMs} ms`));
    }, limitMs);
  });
  try {
    return await Promise.race([connecting, late]);
  } finally {
    clearTimeout(timer);
  }
}

function withoutNulls(record: UnsentRecord): UnsentRow {
  return { ...record, tag: record.tag ?? undefined, delayMs: record.delayMs ?? undefined };
}
