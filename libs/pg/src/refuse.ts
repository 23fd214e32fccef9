import { StatementRefusedError } from './errors.js';
import type { SqlRunner } from './statement.js';

/** SQLSTATE of a refusal. PostgreSQL leaves the class RF to its users. */
export const REFUSED = 'RF001';

/*
 * A statement refuses with it: its transaction is rolled back, and the caller gets the reason as StatementRefusedError.
 * Example: SELECT refuse_unless(count(*) = 1, 'SEEN_BEFORE') FROM claimed
 */
const CREATE = `CREATE FUNCTION refuse_unless(condition boolean, reason text) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    IF condition THEN RETURN true; END IF;
    RAISE EXCEPTION USING ERRCODE = '${REFUSED}', MESSAGE = reason;
  END $$`;

/** For the `up` of a migration: creates the function `refuse_unless(condition, reason)`. */
export async function createRefuseUnless(runner: SqlRunner): Promise<void> {
  await runner.query(CREATE);
}

/** For the `down` of a migration. */
export async function dropRefuseUnless(runner: SqlRunner): Promise<void> {
  await runner.query('DROP FUNCTION refuse_unless');
}

/**
 * @returns the reason for which `work` was refused, or undefined when it was not refused
 * @throws whatever else `work` throws, a refusal for a reason that is not one of `reasons` included
 */
export async function refusalOf<const Reason extends string>(
  work: Promise<unknown>,
  reasons: readonly Reason[],
): Promise<Reason | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    const refusal = error instanceof StatementRefusedError ? reasons.find((one) => one === error.reason) : undefined;
    if (refusal === undefined) throw error;
    return refusal;
  }
}
