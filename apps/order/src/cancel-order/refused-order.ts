import { ProblemError } from '@rocketshop/service-defaults';

/** Reasons that are faults of the shop and not the buyer's. */
const FAULTS: ReadonlySet<string> = new Set(['STEP_FAILED', 'FLOW_LOST', 'DEADLINE_PASSED', 'ORDER_FENCED']);

/**
 * The kept answer of an order that was begun and is being undone. It is always the same for the same order, so a client that repeats
 * the request with its key gets nowhere: after a fault of the shop the status is 410, which no client repeats, and the text says to
 * order again with a new key.
 */
export function refusedOrder(orderId: string, reason: string, detail: string): ProblemError {
  if (!FAULTS.has(reason)) return refused(reason, detail, { orderId });
  return new ProblemError({
    status: 410,
    code: 'ORDER_UNDONE',
    title: 'The order could not be completed and is undone. Order again with a new Idempotency-Key.',
    detail,
    extra: { orderId, reason },
  });
}

/** A refusal before there was an order: nothing is kept, and the same key may be used again. */
export function refusal(code: string, detail: string): ProblemError {
  if (!FAULTS.has(code)) return refused(code, detail);
  return notPlaced(detail);
}

/** A fault before there was an order, or before anything was deducted. Repeating the request with the same key helps. */
export function notPlaced(detail: string, cause?: unknown): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'ORDER_NOT_PLACED',
    title: 'The order could not be placed now. Nothing was deducted.',
    detail,
    headers: { 'retry-after': '1' },
    cause,
  });
}

const refused = (code: string, detail: string, extra: Readonly<Record<string, unknown>> = {}): ProblemError =>
  new ProblemError({ status: 409, code, title: 'The order was refused.', detail, extra });
