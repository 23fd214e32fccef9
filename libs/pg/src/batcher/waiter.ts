import type { Deadline } from '../deadline.js';
import type { BoundStatement, StatementResult } from '../statement.js';

/** A request whose statements are not answered yet. */
export interface Waiter extends Deadline {
  readonly statements: readonly BoundStatement[];
  readonly resolve: (results: readonly StatementResult[]) => void;
  readonly reject: (error: unknown) => void;
}
