import { ProblemError } from '@rocketshop/service-defaults';

/** Reasons that are faults of the shop and not the buyer's: the buyer may try again with a new key. */
const FAULTS: ReadonlySet<string> = new Set(['STEP_FAILED', 'FLOW_LOST', 'DEADLINE_PASSED']);

/** The kept answer of an order that was begun and is being undone. It is always the same for the same order. */
export function refusedOrder(orderId: string, reason: string, detail: string): ProblemError {
  return refusal(reason, detail, { orderId });
}

/** A refusal before there was an order: nothing is kept, and the same key may be used again. */
export function refusal(code: string, detail: string, extra: Readonly<Record<string, unknown>> = {}): ProblemError {
  return new ProblemError({
    status: FAULTS.has(code) ? 503 : 409,
    code,
    title: FAULTS.has(code) ? 'The order could not be completed and is being undone.' : 'The order was refused.',
    detail,
    extra,
  });
}
