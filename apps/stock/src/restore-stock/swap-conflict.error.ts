/**
 * Thrown when every attempt of the compare-and-swap found that another transaction had changed the goods row.
 * Nothing was given back, and the message is delivered again.
 */
export class SwapConflictError extends Error {
  override readonly name = 'SwapConflictError';
  readonly code = 'SWAP_CONFLICT';
  readonly retriable = true;

  constructor(
    readonly goodsId: string,
    readonly attempts: number,
  ) {
    super(`giving back ${goodsId} lost ${attempts} times against other changes of its row`);
  }
}
