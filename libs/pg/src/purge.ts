import { checkDurations } from './durations.js';
import type { PgClient } from './statement.js';

/** Rows of one statement. Short statements hold few row locks, do not delay a vacuum, and end before any time limit. */
const BATCH_ROWS = 5_000;

/** Which rows may go. The parts are SQL of this repository and never a caller's text. */
export interface Purge {
  readonly table: string;
  /** The column that tells the age of a row. It needs an index. */
  readonly ageColumn: string;
  /** A further condition. @default none */
  readonly where?: string;
}

/**
 * Deletes rows older than `keepMs`, batch after batch, oldest first. `now()` is one value for the statement, so that the search
 * uses the column's index; `clock_timestamp()` is a new value for each row, and reads the whole table. A row that somebody has
 * locked stays for the next purge.
 * @returns the number of deleted rows
 * @throws {InvalidLimitsError}
 */
export async function purgeOlderThan(
  client: PgClient,
  { table, ageColumn, where = 'true' }: Purge,
  keepMs: number,
): Promise<number> {
  checkDurations({ keepMs });
  const text = `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM ${table} WHERE ${ageColumn} < now() - $1::float8 * interval '1 millisecond' AND ${where}
      LIMIT ${BATCH_ROWS} FOR UPDATE SKIP LOCKED))`;
  for (let purged = 0; ;) {
    const { rowCount } = await client.query({ text, values: [keepMs] });
    purged += rowCount ?? 0;
    if ((rowCount ?? 0) < BATCH_ROWS) return purged;
  }
}
