import { bindLine } from '../database/statement.js';
import type { BoundStatement } from '../database/statement.js';

export interface DeadlineRefusal {
  readonly ok: false;
  readonly code: 'DEADLINE_PASSED';
  readonly detail: string;
}

/** True when the caller of a command no longer listens: a participant then refuses to act. */
export const isPastDeadline = (deadline: number, now: number = Date.now()): boolean => now > deadline;

/** The typed answer of a participant that is past the deadline. */
export const deadlinePassed = (): DeadlineRefusal => ({
  ok: false,
  code: 'DEADLINE_PASSED',
  detail: 'The call arrived after its deadline, so nothing was done.',
});

const refuseTooLate = {
  name: 'refuse-too-late',
  columnar: true,
  text: `SELECT refuse_unless(clock_timestamp() <= to_timestamp(min(call.deadline) / 1000), 'TOO_LATE')
         FROM unnest($1::double precision[]) AS call (deadline)`,
} as const;

/**
 * The last statement of what a command does: refuses TOO_LATE when its caller no longer listens, since the statements
 * before may have waited for locks. He has cancelled by then, and what is not taken needs no giving back.
 * Whether it is late is PostgreSQL's clock's word here, and that of this process in {@link isPastDeadline}: neither clock
 * is the caller's, so one is as good as the other.
 * @param deadline ms since the epoch
 */
export const refusePastDeadline = (deadline: number): BoundStatement => bindLine(refuseTooLate, [deadline]);
