import { Inject, Injectable } from '@nestjs/common';
import { IdempotencyKeyTakenError } from '@rocketshop/idempotency';
import { deadlineIn, msUntil } from '@rocketshop/pg';
import { LOGGER, ProblemError } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import { CancelOrderService } from '../cancel-order/cancel-order.service.js';
import { notPlaced, refusal, refusedOrder } from '../cancel-order/refused-order.js';
import { ReadOrderService } from '../read-order/read-order.service.js';
import type { OrderView } from '../read-order/read-order.dto.js';
import { FIRST_STEP_TO_UNDO, PLACE_ORDER_FLOW } from './place-order.flow.js';
import type { PlaceOrderRun } from './place-order.run.js';
import { PlaceOrderSteps } from './place-order.steps.js';
import type { StepResult } from './step-result.js';

/** A flow that has reached its deadline still gets this much time to begin its undo. */
const UNDO_WAIT_MS = 2_000;

/** Runs the steps of the flow one after the other, and undoes the order when a step fails. */
@Injectable()
export class PlaceOrderService {
  constructor(
    private readonly steps: PlaceOrderSteps,
    private readonly cancelOrder: CancelOrderService,
    private readonly readOrder: ReadOrderService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @returns the order, confirmed
   * @throws {ProblemError} the refusal. It has an `orderId` when an order exists and is being undone
   * @throws {IdempotencyKeyTakenError} when another request has the key; the interceptor answers then
   */
  async placeOrder(run: PlaceOrderRun): Promise<OrderView> {
    let isBegun = false;
    for (const step of PLACE_ORDER_FLOW) {
      let result: StepResult;
      try {
        result = await this.steps[step](run);
      } catch (error) {
        if (!isBegun) throw this.notPlaced(step, run, error);
        return this.undoAfterFault(step, run, error);
      }
      if (!result.ok && !isBegun) throw refusal(result.code, result.detail);
      if (!result.ok) return this.undo(run, result.code, result.detail);
      isBegun ||= step === FIRST_STEP_TO_UNDO;
    }
    return run.confirmed ?? this.readOutcome(run);
  }

  /**
   * Nothing was deducted yet. When the outcome of the pre-order's commit could not be read, the abandon timer undoes the order. A
   * request with the same key then waits for that outcome, or places the order.
   */
  private notPlaced(step: string, run: PlaceOrderRun, error: unknown): unknown {
    if (error instanceof ProblemError || error instanceof IdempotencyKeyTakenError) return error;
    this.logger.warn({ err: error, orderId: run.orderId, step }, 'the order flow failed before there was an order');
    return notPlaced('Send the request again with the same Idempotency-Key.', error);
  }

  /**
   * Whether the step took effect is unknown. The step counts as failed: the participants' logs tell what there is to undo. This
   * is also true for a confirm whose commit was not answered: the cancel waits for the order's row and then finds it confirmed.
   */
  private undoAfterFault(step: string, run: PlaceOrderRun, error: unknown): Promise<OrderView> {
    this.logger.warn({ err: error, orderId: run.orderId, step }, 'a step of the order flow failed');
    return this.undo(run, 'STEP_FAILED', `The step ${step} did not complete in time; everything taken is given back.`);
  }

  private async undo(run: PlaceOrderRun, reason: string, detail: string): Promise<OrderView> {
    const { orderId } = run;
    const deadline = deadlineIn(Math.max(msUntil(run.deadline), UNDO_WAIT_MS));
    try {
      const cancelled = await this.cancelOrder.cancel({
        orderId,
        from: 'PENDING',
        reason,
        detail,
        by: 'flow',
        deadline,
      });
      if (cancelled) throw refusedOrder(orderId, reason, detail);
      return await this.readOutcome(run);
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      throw undecided(orderId, error);
    }
  }

  /**
   * The order was changed before: by a commit of this flow whose answer was lost, by the abandon timer, or by the sweeper. Or there is
   * no order any more, because the demo was reset.
   */
  private async readOutcome({ orderId }: PlaceOrderRun): Promise<OrderView> {
    const order = await this.readOrder.find(orderId);
    if (order?.status === 'PENDING') throw undecided(orderId);
    if (order && order.cancelReason === null) return order;
    throw refusedOrder(orderId, order?.cancelReason ?? 'FLOW_LOST', order?.cancelDetail ?? 'The order is gone.');
  }
}

/**
 * The order is PENDING or decided, and this process cannot read which. The abandon timer cancels a PENDING order. A request with the
 * same key gets the outcome.
 */
const undecided = (orderId: string, cause?: unknown) =>
  new ProblemError({
    status: 503,
    code: 'ORDER_UNDECIDED',
    title: 'The outcome of the order is not known yet. Send the request again with the same Idempotency-Key.',
    headers: { 'retry-after': '1' },
    extra: { orderId },
    cause,
  });
