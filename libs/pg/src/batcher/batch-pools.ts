import type { Pool } from 'pg';
import { bigintTypes } from '../bigint-types.js';
import { checkDurations } from '../durations.js';
import { limitedSession } from '../session-limits.js';
import type { SessionLimits } from '../session-limits.js';
import { LivePool } from '../live-pool.js';
import { LockTurns } from '../locks/lock-turns.js';

export interface BatchPoolsOptions extends SessionLimits {
  /** postgres://user:password@host:port/database */
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string | undefined;
  /**
   * Longest wait for one lock while statements share a transaction, in milliseconds. It is longer than a commit of another
   * process takes, and short enough that nobody notices it. @default 25
   */
  readonly lockTimeoutMs?: number | undefined;
}

/** Transactions that are shared, and reads that are shared, each with one more under way where one is slow. */
const SHARED_CONNECTIONS = 4;
/**
 * Requests that go alone, by state: see `LockTurns`. Each state has as many connections as requests, so that no request waits for
 * a connection behind requests in another state.
 */
const ALONE = { looking: 3, waiting: 3, lookingAgain: 1 };
const ALONE_CONNECTIONS = ALONE.looking + ALONE.waiting + ALONE.lookingAgain;

/*
 * A session keeps the plan of a prepared statement, also the plan that it made while the table was small and reading all of it
 * looked cheap. The statements of a batcher find rows by key. So their sessions plan once, for tables of any size: by key.
 * Up to PostgreSQL 17 a plan that is switched off and taken all the same costs 10^10, and JIT would compile such a statement for
 * a second of CPU at each execution.
 */
const PLAN_BY_KEY = [
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_bitmapscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'enable_material=off',
  'jit=off',
];

/** The connections of a service's batchers. They are opened when they are needed, and closed when they are idle. */
export class BatchPools {
  /** For statements that share a transaction. */
  readonly shared: Pool;
  /** For statements that go alone: after a batch failed, or while they wait for a lock. */
  readonly alone: Pool;
  /** For the requests on `alone`. */
  readonly turns = new LockTurns(ALONE);

  /** @throws {InvalidLimitsError} */
  constructor(private readonly options: BatchPoolsOptions) {
    const { lockTimeoutMs = 25, statementTimeoutMs = 15_000 } = options;
    checkDurations({ ...options, lockTimeoutMs, statementTimeoutMs }, [
      {
        field: 'statementTimeoutMs',
        longerThan: ['lockTimeoutMs'],
        reason: 'a wait for a lock ends before its statement',
      },
    ]);
    this.shared = this.createPool(SHARED_CONNECTIONS, [`lock_timeout=${lockTimeoutMs}`]);
    this.alone = this.createPool(ALONE_CONNECTIONS, []);
  }

  /** For metrics and for tests. */
  get all(): readonly Pool[] {
    return [this.shared, this.alone];
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((pool) => pool.end()));
  }

  private createPool(max: number, settings: readonly string[]): Pool {
    const { url, applicationName } = this.options;
    const pool = new LivePool({
      ...limitedSession(this.options, [...PLAN_BY_KEY, ...settings]),
      connectionString: url,
      max,
      types: bigintTypes,
      allowExitOnIdle: true,
      ...(applicationName === undefined ? {} : { application_name: applicationName }),
    });
    // An idle connection that breaks is replaced when the next one is needed. Without a listener it would end the process.
    pool.on('error', () => undefined);
    return pool;
  }
}
