import { bindLine, LockTimeoutError, msUntil, refusalOf } from '@rocketshop/pg';
import type { BoundStatement, DeadlineInstant } from '@rocketshop/pg';
import { ContradictingDeductError } from './errors.js';
import type { LogColumns, ParticipantLog } from './participant-log.js';
import type { ParticipantDatabase } from './participant-database.js';

export interface Deduct<Columns, Refusal extends string> {
  readonly orderId: string;
  /** What is taken: one row, or one for each item. */
  readonly rows: readonly Columns[];
  /** Takes it. A statement refuses with one of `refusals` where it cannot. */
  readonly take: readonly BoundStatement[];
  readonly refusals: readonly Refusal[];
  /** From then on the caller counts the deduct as failed. */
  readonly deadline: DeadlineInstant;
}

/**
 * DEDUCTED: taken, now or by the same call before. FENCED: the order was undone before, and nothing is taken.
 * TOO_LATE: the deadline passed, and nothing is taken. Else the refusal of `take`, and nothing is taken.
 */
export type DeductOutcome<Refusal extends string> = 'DEDUCTED' | 'FENCED' | 'TOO_LATE' | Refusal;

/*
 * The time left is reckoned from the transaction's begin, by the database's clock alone: the clocks of the service, of its caller
 * and of the database may differ by an hour. What waits before the transaction begins is not counted. A deduct that is late
 * nevertheless is undone, since its order is cancelled.
 */
const REFUSE_TOO_LATE = {
  name: 'participant-refuse-too-late',
  columnar: true,
  text: `SELECT refuse_unless(clock_timestamp() <= transaction_timestamp() + min(call.ms_left) * interval '1 ms', 'TOO_LATE')
         FROM unnest($1::double precision[]) AS call (ms_left)`,
} as const;

/**
 * Takes what an order asks for: the rows of the log and the effect together, or neither. So a refusal leaves no trace, and an
 * undo finds exactly what was done. The same call again has the first outcome.
 * @throws {ContradictingDeductError} when the order was deducted with other rows
 */
export async function deduct<Columns extends LogColumns, const Refusal extends string>(
  database: ParticipantDatabase,
  log: ParticipantLog<Columns>,
  { orderId, rows, take, refusals, deadline }: Deduct<Columns, Refusal>,
): Promise<DeductOutcome<Refusal>> {
  if (msUntil(deadline) < 0) return 'TOO_LATE';
  try {
    // The deadline is checked last: the statements before may have waited for locks, and the caller has cancelled by then.
    // pg asks `toPostgres` when it sends, which it does again when the first transaction did not get its locks.
    const statements = [
      log.claim(orderId, rows),
      ...take,
      bindLine(REFUSE_TOO_LATE, [{ toPostgres: () => msUntil(deadline).toFixed(3) }]),
    ];
    const reasons = ['SEEN_BEFORE', 'TOO_LATE', ...refusals] as const;
    const refusal = await refusalOf(database.batch(statements, { deadline }), reasons);
    if (refusal === 'SEEN_BEFORE') return await firstOutcome(database, log, orderId, rows);
    return refusal ?? 'DEDUCTED';
  } catch (error) {
    if (error instanceof LockTimeoutError) return 'TOO_LATE';
    throw error;
  }
}

async function firstOutcome<Columns extends LogColumns>(
  database: ParticipantDatabase,
  log: ParticipantLog<Columns>,
  orderId: string,
  rows: readonly Columns[],
): Promise<'DEDUCTED' | 'FENCED'> {
  const { rows: logged } = await database.query(log.read(orderId));
  if (logged.some(({ outcome, compensated }) => outcome === 'FENCED' || compensated)) return 'FENCED';
  const isSame = logged.length === rows.length && rows.every((row) => logged.some((other) => log.isSame(row, other)));
  if (!isSame) throw new ContradictingDeductError(orderId, log.another);
  return 'DEDUCTED';
}
