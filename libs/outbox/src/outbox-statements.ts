import type { Pool } from 'pg';

export interface OutboxLag {
  readonly unsent: number;
  /** Age of the oldest unsent row; 0 when there is none. */
  readonly oldestAgeMs: number;
}

export async function readLag(pool: Pool): Promise<OutboxLag> {
  const { rows } = await pool.query<{ unsent: number; oldest_age_ms: number | null }>(
    `SELECT count(*)::float8 AS unsent,
       (1000 * extract(epoch FROM clock_timestamp() - min(created_at)))::float8 AS oldest_age_ms
     FROM outbox WHERE sent_at IS NULL`,
  );
  return { unsent: rows[0]?.unsent ?? 0, oldestAgeMs: Math.max(0, Math.round(rows[0]?.oldest_age_ms ?? 0)) };
}

/** Rows of one purge statement. Short statements hold few row locks, and do not delay a vacuum. */
const PURGE_BATCH = 5_000;

/** Deletes rows that were sent more than `keepSentMs` ago. @returns the number of deleted rows */
export async function purgeSent(pool: Pool, keepSentMs: number): Promise<number> {
  let purged = 0;
  for (;;) {
    const { rowCount } = await pool.query(
      `DELETE FROM outbox WHERE id IN (
         SELECT id FROM outbox WHERE sent_at < clock_timestamp() - $1::float8 * interval '1 millisecond' LIMIT ${PURGE_BATCH})`,
      [keepSentMs],
    );
    purged += rowCount ?? 0;
    if ((rowCount ?? 0) < PURGE_BATCH) return purged;
  }
}
