/**
 * Thrown when an order that was deducted is deducted again with something else. The caller contradicts itself, so that no
 * answer would be true.
 */
export class ContradictingDeductError extends Error {
  override readonly name = 'ContradictingDeductError';
  readonly code = 'CONTRADICTING_DEDUCT';
  readonly retriable = false;

  constructor(
    readonly orderId: string,
    another: string,
  ) {
    super(`order ${orderId} was deducted before; this call asks for ${another}`);
  }
}
