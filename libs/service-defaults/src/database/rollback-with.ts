/**
 * Thrown inside `inTransaction` to undo everything and have it resolve with `value` all the same: a business refusal is
 * an answer, not a fault, yet nothing of what was tried may stay.
 */
export class RollbackWith<T> extends Error {
  override readonly name = 'RollbackWith';

  constructor(readonly value: T) {
    super('the transaction was rolled back on purpose');
  }
}
