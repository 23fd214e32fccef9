import type { SqlRunner } from './statement.js';

/**
 * For migrations: creates an index while the table is written, or anew where there is one. An interrupted attempt leaves an index that
 * PostgreSQL does not use, so that the name must be free first.
 * @param on what follows ON: table, columns and condition. SQL of this repository and never a caller's text
 * @param runner outside of a transaction
 */
export async function createIndexInUse(runner: SqlRunner, name: string, on: string): Promise<void> {
  await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
  await runner.query(`CREATE INDEX CONCURRENTLY ${name} ON ${on}`);
}
