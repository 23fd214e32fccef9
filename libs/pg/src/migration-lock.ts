import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { checkDurations } from './durations.js';
import { MigrationLockError } from './errors.js';
import { limitedSession } from './session-limits.js';
import type { SessionLimits } from './session-limits.js';

/** Advisory locks belong to one database, so one number serves every service. Its bytes spell "rock". */
const MIGRATION_LOCK_KEY = 0x72_6f_63_6b;
const LOOK_EVERY_MS = 200;
/** The session is used this often, so that its limit of silence does not end it while a migration runs. */
const HEARTBEAT_MS = 1_000;

export interface MigrationLockOptions extends SessionLimits {
  /** Longest wait for another replica that migrates. @default 600000, longer than a large table takes for an index */
  readonly waitMaxMs?: number;
}

/**
 * Runs `migrate` under an advisory lock, so that replicas may start together: one migrates, the others look until it is done, and
 * find nothing to do. The lock is held by a session of its own; PostgreSQL frees the lock when this process dies.
 * @param url postgres://user:password@host:port/database
 * @throws {InvalidLimitsError}
 * @throws {MigrationLockError} when the other replica takes too long
 */
export async function underMigrationLock<T>(
  url: string,
  migrate: () => Promise<T>,
  { waitMaxMs = 600_000, ...limits }: MigrationLockOptions = {},
): Promise<T> {
  checkDurations({ waitMaxMs });
  const session = new pg.Client({
    ...limitedSession(limits),
    connectionString: url,
    application_name: 'migration lock',
  });
  // An error without a listener ends the process, and a connection can be lost during a migration.
  session.on('error', () => undefined);
  try {
    await session.connect();
    await lock(session, performance.now() + waitMaxMs);
    const heartbeat = setInterval(() => void session.query('SELECT 1').catch(() => undefined), HEARTBEAT_MS);
    return await migrate().finally(() => clearInterval(heartbeat));
  } finally {
    await session.end();
  }
}

/** Looks again and again, so that each statement is short: one that waits for the lock looks like a server that is frozen. */
async function lock(session: pg.Client, giveUpAt: number): Promise<void> {
  for (;;) {
    const { rows } = await session.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
      MIGRATION_LOCK_KEY,
    ]);
    if (rows[0]?.locked) return;
    if (performance.now() >= giveUpAt) throw new MigrationLockError('another replica migrates for too long');
    await pause(LOOK_EVERY_MS);
  }
}
