import { Inject, Injectable } from '@nestjs/common';
import { IdempotencyKeyTakenError } from '@rocketshop/idempotency';
import { LOGGER, ProblemError, type Logger } from '@rocketshop/service-defaults';
import { CancelOrderService } from '../cancel-order/cancel-order.service.js';
import { OrderReader } from '../read-order/order-reader.js';
import type { OrderView } from '../read-order/order-view.js';
import { PLACE_ORDER_FLOW, type StepResult } from './place-order.flow.js';
import type { PlaceOrderRun } from './place-order.run.js';
import { PlaceOrderSteps } from './place-order.steps.js';
import { refusal, refusedOrder } from './refused-order.js';

/** Runs the flow, step after step, and undoes it where a step did not happen. */
@Injectable()
export class PlaceOrderService {
  constructor(
    private readonly steps: PlaceOrderSteps,
    private readonly cancelOrder: CancelOrderService,
    private readonly reader: OrderReader,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @returns the order, confirmed
   * @throws {ProblemError} the refusal: with `orderId` where an order was begun and is being undone, without where there is none
   * @throws {IdempotencyKeyTakenError} another request has the key; the interceptor answers
   */
  async placeOrder(run: PlaceOrderRun): Promise<OrderView> {
    let begun = false;
    for (const { name } of PLACE_ORDER_FLOW) {
      let result: StepResult;
      try {
        result = await this.steps[name](run);
      } catch (error) {
        if (!begun) throw this.withoutTrace(name, run, error);
        return this.afterFault(name, run, error);
      }
      if (!result.ok && !begun) throw refusal(result.code, result.detail);
      if (!result.ok) return this.undo(run, result.code, result.detail);
      begun ||= name === 'preOrder';
    }
    return this.asItStands(run);
  }

  /** Before the pre-order is committed nothing was deducted. Where its commit is unknown the abandon timer tidies up. */
  private withoutTrace(step: string, run: PlaceOrderRun, error: unknown): unknown {
    if (error instanceof ProblemError || error instanceof IdempotencyKeyTakenError) return error;
    this.logger.warn({ err: error, orderId: run.orderId, step }, 'the order flow failed before there was an order');
    return new ProblemError({
      status: 503,
      code: 'ORDER_NOT_PLACED',
      title: 'The order could not be placed now. Nothing was deducted.',
      headers: { 'retry-after': '1' },
      cause: error,
    });
  }

  /**
   * Whether the step took effect is unknown. It counts as failed: the participants' logs decide what there is to undo. A
   * confirm whose commit was answered to nobody is no exception: the undo waits for its row and then finds it confirmed.
   */
  private afterFault(step: string, run: PlaceOrderRun, error: unknown): Promise<OrderView> {
    this.logger.warn({ err: error, orderId: run.orderId, step }, 'a step of the order flow failed');
    return this.undo(run, 'STEP_FAILED', `The step ${step} did not complete in time; everything taken is given back.`);
  }

  private async undo(run: PlaceOrderRun, reason: string, detail: string): Promise<OrderView> {
    const { orderId } = run;
    try {
      const cancelled = await this.cancelOrder.cancel({ orderId, from: 'PENDING', reason, detail, by: 'flow' });
      if (cancelled) throw refusedOrder(orderId, reason, detail);
      return await this.asItStands(run);
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      // The row is PENDING or decided, we cannot see which. The timer finishes it; the same key will be told how it ended.
      throw new ProblemError({
        status: 503,
        code: 'ORDER_UNDECIDED',
        title: 'How the order ended is not known yet. Ask again with the same Idempotency-Key.',
        headers: { 'retry-after': '1' },
        extra: { orderId },
        cause: error,
      });
    }
  }

  /** Somebody else moved the order: the confirm whose answer was lost, the abandon timer, or the sweeper. */
  private async asItStands(run: PlaceOrderRun): Promise<OrderView> {
    if (run.confirmed) return run.confirmed;
    const order = await this.reader.find(run.orderId);
    if (order && order.cancelReason === null && order.status !== 'PENDING') return order;
    const reason = order?.cancelReason ?? 'FLOW_LOST';
    const detail = order?.cancelDetail ?? 'The order took too long and is being undone.';
    throw refusedOrder(run.orderId, reason, detail);
  }
}
