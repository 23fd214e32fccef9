import type { Notification, Pool, PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import type { OutboxMessage } from './outbox-message.js';
import { SHARD_COUNT } from './outbox-table.js';

/** First key of every advisory lock of ours, so that they meet nobody else's; the second is a shard, or PRESENCE. */
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

export interface RelaySessionOptions {
  readonly pool: Pool;
  /** For each statement, and for the connection itself. */
  readonly statementTimeoutMs: number;
  /** Somebody committed rows, or the connection is gone. */
  readonly onWake: () => void;
}

/** `pg` takes a time-out with each query; its types do not say so. */
interface TimedQueryConfig extends QueryConfig {
  readonly query_timeout: number;
}

const MARK_SENT = {
  name: 'outbox-mark-sent',
  text: 'UPDATE outbox SET sent_at = clock_timestamp() WHERE id = ANY($1::bigint[])',
};

/*
 * Both in one round trip. The read does not see what the mark beside it does: both look at the table as it was when the
 * statement began. So the marked rows are left out by their ids. NOT IN with a subquery is a hash probe for each row;
 * `<> ALL` of a parameter would compare each row with each element.
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
const GIVE_SHARD = { name: 'outbox-give-shard', text: 'SELECT pg_advisory_unlock($1, $2)' };

const COUNT_RELAYS = {
  name: 'outbox-count-relays',
  text: `SELECT count(*)::int AS relays FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND classid = $1::int8::oid AND objid = ($2::int8 & 4294967295)::oid
      AND objsubid = 2 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
};

/**
 * One connection that holds a relay's shards as session locks, and does all of its reading and marking, so that nothing
 * is read on the strength of a lock that is gone: when the connection dies, PostgreSQL frees the shards and this
 * session can no longer read. The next owner reads in a statement of its own, after it got the lock, and so sees every
 * mark.
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
      // The partial index is always the right way in; statistics gathered while the table was empty must not say
      // otherwise.
      await session.query({ text: 'SET enable_seqscan = off' });
      await session.query({ text: 'SET enable_bitmapscan = off' });
      // Planning took a third of a pass, for the same plan each time.
      await session.query({ text: 'SET plan_cache_mode = force_generic_plan' });
      await session.announce();
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
   * Takes or gives back shards until this relay has its share of them. A shard with messages under way is not given
   * back.
   */
  async rebalance(isIdle: (shard: number) => boolean): Promise<void> {
    const { rows } = await this.query<{ relays: number }>({ ...COUNT_RELAYS, values: [LOCK_CLASS, PRESENCE] });
    this.relays = Math.max(1, rows[0]?.relays ?? 1);
    const share = Math.ceil(SHARD_COUNT / this.relays);
    for (const shard of this.shards) {
      if (this.shards.size <= share) break;
      if (!isIdle(shard)) continue;
      this.shards.delete(shard);
      await this.query({ ...GIVE_SHARD, values: [LOCK_CLASS, shard] });
    }
    for (let shard = 0; shard < SHARD_COUNT && this.shards.size < share; shard++) {
      if (this.shards.has(shard)) continue;
      const tried = await this.query<{ locked: boolean }>({ ...TRY_SHARD, values: [LOCK_CLASS, shard] });
      if (tried.rows[0]?.locked) this.shards.add(shard);
    }
  }

  /**
   * Marks rows as sent, and gives the oldest unsent rows of our shards but for the keys that are busy or backing off.
   * Once it resolves the marks are committed: rows of a key that was busy with what is marked here may be among the
   * answer.
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

  /** Wakes the other relays: a row was committed here, but its shard may be theirs. */
  async wakeOthers(): Promise<void> {
    await this.query({ text: `NOTIFY ${WAKE_CHANNEL}` });
  }

  /** Ends the connection, and with it the locks. */
  close(): void {
    if (!this.isAlive) return;
    this.end();
  }

  private async announce(): Promise<void> {
    const { rows } = await this.query<{ pid: number }>({
      text: 'SELECT pg_advisory_lock_shared($1, $2), pg_backend_pid() AS pid',
      values: [LOCK_CLASS, PRESENCE],
    });
    this.backendPid = rows[0]?.pid ?? 0;
  }

  /** Rejects when there is no answer in time; the connection is of no use then. */
  private query<Row extends QueryResultRow>(statement: QueryConfig): Promise<QueryResult<Row>> {
    const config: TimedQueryConfig = { ...statement, query_timeout: this.statementTimeoutMs };
    return this.client.query<Row>(config);
  }

  private readonly onError = (): void => {
    if (this.isAlive) this.end();
    this.onWake();
  };

  /** PostgreSQL tells the sender too. */
  private readonly onNotification = ({ processId }: Notification): void => {
    if (processId !== this.backendPid) this.onWake();
  };

  private end(): void {
    this.isAlive = false;
    this.shards.clear();
    this.client.off('notification', this.onNotification);
    // `true` destroys the connection instead of returning it with its locks to the pool.
    this.client.release(true);
  }
}

/** A connection that comes when nobody waits for it any more goes back to the pool. */
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
