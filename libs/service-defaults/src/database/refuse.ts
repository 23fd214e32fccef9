import { StatementRefusedError } from '../errors.js';

/** SQLSTATE of a refusal: a class PostgreSQL leaves to users. */
export const REFUSED = 'RF001';

interface SqlRunner {
  query(sql: string): Promise<unknown>;
}

/*
 * Lets a statement say no: what runs with it in one transaction is rolled back, and the reason arrives as
 * StatementRefusedError. `SELECT refuse_unless(count(*) = 1, 'SEEN_BEFORE') FROM claimed`
 */
const CREATE = `CREATE FUNCTION refuse_unless(condition boolean, reason text) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    IF condition THEN RETURN true; END IF;
    RAISE EXCEPTION USING ERRCODE = '${REFUSED}', MESSAGE = reason;
  END $$`;

/** For the `up` of a migration: the function `refuse_unless(condition, reason)`. */
export async function createRefuseUnless(runner: SqlRunner): Promise<void> {
  await runner.query(CREATE);
}

/** For the `down` of a migration. */
export async function dropRefuseUnless(runner: SqlRunner): Promise<void> {
  await runner.query('DROP FUNCTION refuse_unless');
}

/**
 * Why `work` was refused, or undefined where it was not. A reason that is none of `reasons` is a failure as any other:
 * both are thrown on.
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
