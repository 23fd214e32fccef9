export interface DeadlineRefusal {
  readonly ok: false;
  readonly code: 'DEADLINE_PASSED';
  readonly detail: string;
}

/** True when the caller of a command no longer listens: the handler then refuses to act. */
export const isPastDeadline = (deadline: number, now: number = Date.now()): boolean => now > deadline;

/** The typed answer of a participant that is past the deadline. */
export const deadlinePassed = (): DeadlineRefusal => ({
  ok: false,
  code: 'DEADLINE_PASSED',
  detail: 'The call arrived after its deadline, so nothing was done.',
});
