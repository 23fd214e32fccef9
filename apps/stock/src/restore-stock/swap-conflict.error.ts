/**
 * Thrown when the compare-and-swap on a goods row lost every try: the row is busier than a cancel should wait for.
 * Nothing was given back; the message is delivered again.
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
