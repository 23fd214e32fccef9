import type { SqlRunner } from './statement.js';

/** Rows that one statement looks at: it is short, and holds few row locks. */
const BATCH_ROWS = 5_000;
const ATTEMPTS_MAX = 5;
const DEADLOCK = '40P01';

/** What to change. The parts are SQL of this repository and never a caller's text. */
export interface BatchedUpdate {
  readonly table: string;
  /** A unique column of type uuid, with an index. */
  readonly key: string;
  readonly set: string;
  /** Which rows. It must be false for a row that is changed already, so that an interrupted update may begin anew. */
  readonly where: string;
}

/**
 * For migrations of large tables that a service uses meanwhile: changes rows in statements of at most 5,000, each in a transaction of
 * its own. It goes by the key, since a row keeps its key wherever another transaction moves it in the table.
 * @param runner TypeORM's, outside of a transaction
 */
export async function updateInBatches(runner: SqlRunner, { table, key, set, where }: BatchedUpdate): Promise<void> {
  const firsts = (from: string): string =>
    `SELECT last FROM (SELECT ${key} AS last FROM ${table} ${from} ORDER BY ${key} LIMIT ${BATCH_ROWS}) AS part
      ORDER BY last DESC LIMIT 1`;
  const update = `UPDATE ${table} SET ${set} WHERE (${where}) AND ${key} <= $1`;
  const lastOf = async (after: string | undefined): Promise<string | undefined> => {
    const sql = firsts(after === undefined ? '' : `WHERE ${key} > $1`);
    const rows = (await runner.query(sql, after === undefined ? [] : [after])) as readonly { readonly last: string }[];
    return rows[0]?.last;
  };
  let after: string | undefined;
  for (let last = await lastOf(after); last !== undefined; last = await lastOf(after)) {
    const [sql, values] = after === undefined ? [update, [last]] : [`${update} AND ${key} > $2`, [last, after]];
    await unlessDeadlocked(() => runner.query(sql, values));
    after = last;
  }
}

/** Transactions of the service may lock the same rows in another order. The batch that PostgreSQL has rolled back is tried again. */
async function unlessDeadlocked(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      const isDeadlock = error instanceof Error && 'code' in error && error.code === DEADLOCK;
      if (!isDeadlock || attempt >= ATTEMPTS_MAX) throw error;
    }
  }
}
