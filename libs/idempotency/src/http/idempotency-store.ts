import { bind, bindLine, purgeOlderThan, run } from '@rocketshop/pg';
import type { BoundStatement, PgClient } from '@rocketshop/pg';
import type { Pool, QueryResultRow } from 'pg';
import { IdempotencyKeyMissingError, IdempotencyKeyTakenError } from '../errors.js';
import { KEYS_PRIMARY_KEY } from './idempotency-keys-table.js';

/** A request's claim to its key. The interceptor makes it, and the use case inserts it. */
export interface IdempotencyClaim {
  readonly buyerId: string;
  /** Method and route template, for example `POST /orders`. */
  readonly route: string;
  readonly key: string;
  readonly fingerprint: Buffer;
}

/** The answer to a request, refusals included. The body is JSON. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface KeyRow {
  readonly fingerprint: Buffer;
  readonly resourceId: string;
  /** Undefined while the request is PENDING. */
  readonly answer: KeptAnswer | undefined;
}

/** Runs single statements. `Database.reader` of @rocketshop/service-defaults fits: it reads for many requests at once. */
export interface StatementReader {
  query<Row extends QueryResultRow>(statement: BoundStatement<Row>): Promise<{ readonly rows: readonly Row[] }>;
}

interface KeyRecord {
  readonly fingerprint: Buffer;
  readonly resource_id: string;
  readonly answer_status: number | null;
  readonly answer_body: unknown;
}

/*
 * Columnar: each parameter is an array with an element for each key, so that what many requests want is one statement.
 * Which rows they change is said twice, by the join and by `= ANY`, so that a plan made for a small table has a key to go by.
 * Keys are inserted in sorted order, so that two of these wait for each other in one direction.
 */
const INSERT_KEY = {
  name: 'idempotency-insert-key',
  columnar: true,
  text: `INSERT INTO idempotency_keys
      (buyer_id, route, key, fingerprint, resource_id, answer_status, answer_body, answered_at)
    SELECT claim.buyer_id, claim.route, claim.key, claim.fingerprint, claim.resource_id, claim.answer_status,
      claim.answer_body::json, CASE WHEN claim.answer_status IS NULL THEN NULL ELSE now() END
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::smallint[], $7::text[])
      AS claim (buyer_id, route, key, fingerprint, resource_id, answer_status, answer_body)
    ORDER BY claim.buyer_id, claim.route, claim.key`,
} as const;

const ANSWER_KEY = {
  name: 'idempotency-answer-key',
  columnar: true,
  text: `UPDATE idempotency_keys
    SET answer_status = answer.status, answer_body = answer.body::json, answered_at = now()
    FROM unnest($1::text[], $2::smallint[], $3::text[]) AS answer (resource_id, status, body)
    WHERE idempotency_keys.resource_id = answer.resource_id AND idempotency_keys.resource_id = ANY ($1)
      AND idempotency_keys.answer_status IS NULL`,
} as const;

const FIND_KEY = {
  name: 'idempotency-find-key',
  columnar: true,
  text: `SELECT wanted.line::int AS line, fingerprint, resource_id, answer_status, answer_body
    FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS wanted (buyer_id, route, key, line)
    JOIN idempotency_keys USING (buyer_id, route, key)`,
} as const;

const HAS_ANSWER = {
  name: 'idempotency-has-answer',
  text: 'SELECT 1 FROM idempotency_keys WHERE resource_id = $1',
};

/**
 * Inserts the key's row in the caller's transaction, together with what that transaction makes. It waits for the open
 * transaction of another request with the same key.
 * @param answer for a request that is one transaction: the key is claimed and answered at once
 * @throws {IdempotencyKeyTakenError} when the key has a row already; the transaction must roll back
 */
export async function insertIdempotencyKey(
  client: PgClient,
  claim: IdempotencyClaim,
  resourceId: string,
  answer?: KeptAnswer,
): Promise<void> {
  try {
    await run(client, keyInsertStatement(claim, resourceId, answer));
  } catch (error) {
    throw asKeyTaken(error, claim);
  }
}

/** The insert as a statement, for callers that send several statements at once. See {@link asKeyTaken}. */
export function keyInsertStatement(claim: IdempotencyClaim, resourceId: string, answer?: KeptAnswer): BoundStatement {
  return bindLine(INSERT_KEY, [
    claim.buyerId,
    claim.route,
    claim.key,
    claim.fingerprint,
    resourceId,
    answer?.status ?? null,
    answer ? JSON.stringify(answer.body ?? null) : null,
  ]);
}

/** The error to throw when a transaction with {@link keyInsertStatement} failed: "key taken", or the error itself. */
export function asKeyTaken(error: unknown, claim: Pick<IdempotencyClaim, 'key' | 'route'>): unknown {
  const isTaken = error instanceof Error && 'constraint' in error && error.constraint === KEYS_PRIMARY_KEY;
  if (!isTaken) return error;
  return new IdempotencyKeyTakenError(`idempotency key ${claim.key} of ${claim.route} is taken`, { cause: error });
}

/**
 * Writes the answer into the row of the request that made `resourceId`, in the transaction that decides the answer.
 * The first answer stays, and a second call changes nothing. @returns true if this call wrote the answer
 * @throws {IdempotencyKeyMissingError} when no request made this resource
 */
export async function answerIdempotencyKey(client: PgClient, resourceId: string, answer: KeptAnswer): Promise<boolean> {
  const { rowCount } = await run(client, keyAnswerStatement(resourceId, answer));
  if (rowCount > 0) return true;
  const { rows } = await run(client, bind(HAS_ANSWER, [resourceId]));
  if (rows.length === 0) throw new IdempotencyKeyMissingError(`no idempotency key made ${resourceId}`);
  return false;
}

/** The answer's update as a statement, for callers that send several statements at once. */
export function keyAnswerStatement(resourceId: string, answer: KeptAnswer): BoundStatement {
  return bindLine(ANSWER_KEY, [resourceId, answer.status, JSON.stringify(answer.body ?? null)]);
}

/** The committed row of the key, or undefined. */
export async function findIdempotencyKey(
  reader: StatementReader,
  claim: Pick<IdempotencyClaim, 'buyerId' | 'route' | 'key'>,
): Promise<KeyRow | undefined> {
  const { rows } = await reader.query(bindLine<KeyRecord>(FIND_KEY, [claim.buyerId, claim.route, claim.key]));
  const record = rows[0];
  if (!record) return undefined;
  return {
    fingerprint: record.fingerprint,
    resourceId: record.resource_id,
    answer: record.answer_status === null ? undefined : { status: record.answer_status, body: record.answer_body },
  };
}

/** Deletes answered keys older than `keepMs`. A PENDING key stays until it is answered. @returns the number deleted */
export function purgeIdempotencyKeys(pool: Pool, keepMs: number): Promise<number> {
  const answered = { table: 'idempotency_keys', ageColumn: 'created_at', where: 'answer_status IS NOT NULL' };
  return purgeOlderThan(pool, answered, keepMs);
}
