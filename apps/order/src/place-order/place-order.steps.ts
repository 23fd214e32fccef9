import { Inject, Injectable } from '@nestjs/common';
import {
  abandonOrder,
  checkUser,
  closeUnpaidOrder,
  deductBalance,
  deductStock,
  quoteCoupon,
  quoteGoods,
  useCoupon,
} from '@rocketshop/contracts';
import { asKeyTaken, IdempotencyKeyTakenError, keyAnswerStatement, keyInsertStatement } from '@rocketshop/idempotency';
import { outboxInsert, OutboxRelay } from '@rocketshop/outbox';
import type { OutboxRow } from '@rocketshop/outbox';
import { bind, bindLine, retryWhenUnknown, StatementRefusedError } from '@rocketshop/pg';
import { Database } from '@rocketshop/service-defaults';
import type { CallOptions } from '@rocketshop/service-defaults';
import { CONFIRM_ORDER, INSERT_ORDER, INSERT_ORDER_ITEMS, READ_PRE_ORDER } from '../database/statements.js';
import { BalanceExceedsTotalError, splitTotal, totalOf } from '../domain/order-total.js';
import { OrderMetrics } from '../observe-orders/order-metrics.js';
import type { OrderConfig } from '../order.config.js';
import { ORDER_CONFIG } from '../order.tokens.js';
import { viewOrder } from '../read-order/read-order.dto.js';
import { CouponRpc, StockRpc, UserRpc } from '../remote-services.js';
import { timerMessage } from '../timers/timer-message.js';
import { confirmedOrder, quoted } from './place-order.run.js';
import type { PlaceOrderRun, PreOrder, PreOrderTimes } from './place-order.run.js';
import type { StepResult } from './step-result.js';

const DONE = { ok: true } as const;

/** Thrown when confirm changed no row: the abandon timer or the sweeper had cancelled the order before. */
class ConfirmLostError extends Error {
  override readonly name = 'ConfirmLostError';
  readonly code = 'CONFIRM_LOST';
  readonly retriable = false;
}

/** The steps of the order flow. Each returns done or a refusal; a fault or a time-out throws. */
@Injectable()
export class PlaceOrderSteps {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    private readonly stock: StockRpc,
    private readonly coupon: CouponRpc,
    private readonly user: UserRpc,
    private readonly metrics: OrderMetrics,
    @Inject(ORDER_CONFIG) private readonly config: OrderConfig,
  ) {}

  /** 0. Stock, coupon and user answer price, discount and eligibility. The buyer's request has none of them. */
  async quote(run: PlaceOrderRun): Promise<StepResult> {
    const { orderId, userId, body } = run;
    const { couponId, balanceToUse } = body;
    const goods = await this.stock.call(quoteGoods, { items: body.items }, this.options(run));
    if (!goods.ok) return goods;
    const { currency } = goods;
    const items = goods.items.map(({ goodsId, name, quantity, unitPrice }) => ({
      orderId,
      goodsId,
      name,
      quantity,
      unitPrice: BigInt(unitPrice),
    }));
    const total = totalOf(items);
    const [coupon, user] = await Promise.all([
      couponId
        ? this.coupon.call(quoteCoupon, { couponId, userId, total: total.toString(), currency }, this.options(run))
        : ({ ok: true, discount: '0' } as const),
      this.user.call(checkUser, { userId, balanceToUse, currency }, this.options(run)),
    ]);
    if (!coupon.ok) return coupon;
    if (!user.ok) return user;
    try {
      run.quote = { currency, items, ...splitTotal(total, BigInt(coupon.discount), BigInt(balanceToUse)) };
    } catch (error) {
      if (!(error instanceof BalanceExceedsTotalError)) throw error;
      return { ok: false, code: error.code, detail: error.message };
    }
    return DONE;
  }

  /** 1. Inserts the order. From now on it may have to be undone, so the same transaction writes the abandon timer. */
  async preOrder(run: PlaceOrderRun): Promise<StepResult> {
    run.preOrder = await retryWhenUnknown((attempt) => this.insertPreOrder(run, attempt));
    this.relay.wake();
    return DONE;
  }

  private async insertPreOrder(run: PlaceOrderRun, attempt: number): Promise<PreOrder> {
    const { orderId, claim, deadline } = run;
    const abandonTimer = this.timer(abandonOrder.topic, orderId, this.config.abandonTimeoutMs);
    try {
      const [, { rows }] = await this.database.batch(
        [
          keyInsertStatement(claim, orderId),
          orderInsert(run, this.config.abandonTimeoutMs),
          itemsInsert(run),
          outboxInsert([abandonTimer]),
        ],
        { deadline },
      );
      const [times] = rows;
      if (!times) throw new Error('the order was not returned by its own insert');
      return { ...times, answeredAtMs: performance.now() };
    } catch (error) {
      const failure = asKeyTaken(error, claim);
      const mayBeOurs = attempt > 1 && failure instanceof IdempotencyKeyTakenError;
      const ours = mayBeOurs ? await this.readPreOrder(orderId) : undefined;
      if (ours) return ours;
      throw failure;
    }
  }

  /** The pre-order of this flow, whose commit was not answered; undefined when the key is taken by another order. */
  private async readPreOrder(orderId: string): Promise<PreOrder | undefined> {
    const [row] = await this.database.read<PreOrderTimes & { readonly ageMs: number }>(READ_PRE_ORDER, [[orderId]]);
    return row && { ...row, answeredAtMs: performance.now() - row.ageMs };
  }

  /** 2. */
  deductStock(run: PlaceOrderRun): Promise<StepResult> {
    return this.stock.call(deductStock, { orderId: run.orderId, items: run.body.items }, this.options(run));
  }

  /** 3. Does nothing for an order without a coupon. */
  async useCoupon(run: PlaceOrderRun): Promise<StepResult> {
    const { orderId, userId, body } = run;
    if (!body.couponId) return DONE;
    const discount = quoted(run).discount.toString();
    return this.coupon.call(useCoupon, { orderId, couponId: body.couponId, userId, discount }, this.options(run));
  }

  /** 4. Takes `balanceUsed`. The rest of the total, `payable`, is taken by pay. */
  async deductBalance(run: PlaceOrderRun): Promise<StepResult> {
    const { orderId, userId } = run;
    const { balanceUsed, currency } = quoted(run);
    if (balanceUsed === 0n) return DONE;
    const amount = balanceUsed.toString();
    return this.user.call(deductBalance, { orderId, userId, amount, currency }, this.options(run));
  }

  /** 5. Status, kept answer and close timer commit together. @throws {ConfirmLostError} */
  async confirm(run: PlaceOrderRun): Promise<StepResult> {
    const { orderId, deadline } = run;
    const { unpaidTimeoutMs } = this.config;
    const order = confirmedOrder(run, unpaidTimeoutMs);
    const { status, confirmedAt, paidAt, closeAt } = order;
    const view = viewOrder(order, quoted(run).items);
    const closeTimer = this.timer(closeUnpaidOrder.topic, orderId, unpaidTimeoutMs);
    try {
      await this.database.batch(
        [
          bindLine(CONFIRM_ORDER, [orderId, 'PENDING', status, confirmedAt, paidAt, closeAt]),
          keyAnswerStatement(orderId, { status: 201, body: view }),
          outboxInsert(order.payable > 0n ? [closeTimer] : []),
        ],
        { deadline },
      );
    } catch (error) {
      if (!(error instanceof StatementRefusedError)) throw error;
      throw new ConfirmLostError('the order was no longer PENDING', { cause: error });
    }
    run.confirmed = view;
    this.metrics.count(status);
    this.relay.wake();
    return DONE;
  }

  private timer(topic: string, orderId: string, dueInMs: number): OutboxRow {
    return timerMessage(topic, orderId, dueInMs, this.config.timeScale);
  }

  private options(run: PlaceOrderRun): CallOptions {
    return { timeoutMs: this.config.rpcTimeoutMs, deadline: run.deadline };
  }
}

function orderInsert(run: PlaceOrderRun, abandonTimeoutMs: number) {
  const { currency, total, discount, balanceUsed, payable } = quoted(run);
  return bindLine<PreOrderTimes>(INSERT_ORDER, [
    run.orderId,
    run.userId,
    currency,
    total,
    discount,
    balanceUsed,
    payable,
    run.body.couponId ?? null,
    run.claim.key,
    abandonTimeoutMs,
  ]);
}

function itemsInsert(run: PlaceOrderRun) {
  const { items } = quoted(run);
  return bind(INSERT_ORDER_ITEMS, [
    items.map((item) => item.orderId),
    items.map((item) => item.goodsId),
    items.map((item) => item.name),
    items.map((item) => item.quantity),
    items.map((item) => item.unitPrice),
  ]);
}
