import { StatementRefusedError } from '@rocketshop/service-defaults';

const UNIQUE_VIOLATION = '23505';

/** Whether the database said no to a short way, by `refuse_unless` or by a key: nothing of it stayed, the long way decides. */
export const isRefused = (error: unknown): boolean =>
  error instanceof StatementRefusedError ||
  (error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION);
