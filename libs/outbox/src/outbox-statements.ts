import { purgeOlderThan } from '@rocketshop/pg';
import type { Pool } from 'pg';
import { COUNT_FREE_SHARDS } from './lease-statements.js';

export interface OutboxLag {
  readonly unsent: number;
  /** Age of the oldest unsent row; 0 when there is none. */
  readonly oldestAgeMs: number;
  /** Shards that no live relay holds. Their rows wait. */
  readonly freeShards: number;
}

export async function readLag(pool: Pool): Promise<OutboxLag> {
  const { rows } = await pool.query<{ unsent: number; oldest_age_ms: number | null; free: number }>(
    `SELECT count(*)::float8 AS unsent, (1000 * extract(epoch FROM now() - min(created_at)))::float8 AS oldest_age_ms,
       (${COUNT_FREE_SHARDS}) AS free
     FROM outbox WHERE sent_at IS NULL`,
  );
  const [lag] = rows;
  return {
    unsent: lag?.unsent ?? 0,
    oldestAgeMs: Math.max(0, Math.round(lag?.oldest_age_ms ?? 0)),
    freeShards: lag?.free ?? 0,
  };
}

/** @returns how many shards no live relay holds */
export async function countFreeShards(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ free: number }>(COUNT_FREE_SHARDS);
  return rows[0]?.free ?? 0;
}

/** Deletes rows that were sent more than `keepSentMs` ago. @returns the number of deleted rows */
export function purgeSent(pool: Pool, keepSentMs: number): Promise<number> {
  return purgeOlderThan(pool, { table: 'outbox', ageColumn: 'sent_at' }, keepSentMs);
}
