import { Inject, Injectable } from '@nestjs/common';
import {
  abandonOrder,
  checkUser,
  closeUnpaidOrder,
  deductBalance,
  deductStock,
  orderConfirmed,
  quoteCoupon,
  quoteGoods,
  useCoupon,
  type PayloadOf,
} from '@rocketshop/contracts';
import { asKeyTaken, keyAnswerStatement, keyInsertStatement } from '@rocketshop/idempotency';
import { outboxInsert, OutboxRelay, type OutboxRow } from '@rocketshop/outbox';
import {
  bind,
  bindLine,
  Database,
  StatementRefusedError,
  traceHeaders,
  type CallOptions,
} from '@rocketshop/service-defaults';
import * as statements from '../database/statements.js';
import type { OrderRow } from '../database/statements.js';
import { BalanceExceedsTotalError, splitTotal, totalOf } from '../domain/order-total.js';
import type { OrderConfig } from '../order.config.js';
import { ORDER_CONFIG } from '../order.tokens.js';
import { timerMessage } from '../timers/timer-message.js';
import { CouponRpc, StockRpc, UserRpc } from '../remote-services.js';
import { viewOrder } from '../read-order/order-view.js';
import type { StepResult } from './place-order.flow.js';
import { decidedRow, preOrdered, quoted, type PlaceOrderRun, type PreOrderTimes } from './place-order.run.js';

const DONE = { ok: true } as const;

/** Thrown when confirm changed no row: the abandon timer or the sweeper was first. */
export class ConfirmLostError extends Error {
  override readonly name = 'ConfirmLostError';
  readonly code = 'CONFIRM_LOST';
  readonly retriable = false;
}

/** The steps of the order flow. Each returns done or a refusal; a fault or a time-out is thrown. */
@Injectable()
export class PlaceOrderSteps {
  constructor(
    private readonly database: Database,
    private readonly outbox: OutboxRelay,
    private readonly stock: StockRpc,
    private readonly coupon: CouponRpc,
    private readonly user: UserRpc,
    @Inject(ORDER_CONFIG) private readonly config: OrderConfig,
  ) {}

  /** 0. Price, discount and eligibility come from their owners; the buyer's request carries none of them. */
  async quote(run: PlaceOrderRun): Promise<StepResult> {
    const { items, couponId, balanceToUse } = run.body;
    const goods = await this.stock.call(quoteGoods, { items }, this.options(run));
    if (!goods.ok) return goods;
    const lines = goods.items.map((item) => ({
      goods_id: item.goodsId,
      name: item.name,
      quantity: item.quantity,
      unit_price: BigInt(item.unitPrice),
    }));
    const { currency } = goods;
    const total = totalOf(lines.map((line) => ({ unitPrice: line.unit_price, quantity: line.quantity })));
    const [coupon, user] = await Promise.all([
      couponId
        ? this.coupon.call(
            quoteCoupon,
            { couponId, userId: run.userId, total: total.toString(), currency },
            this.options(run),
          )
        : ({ ok: true, discount: '0' } as const),
      this.user.call(checkUser, { userId: run.userId, balanceToUse, currency }, this.options(run)),
    ]);
    if (!coupon.ok) return coupon;
    if (!user.ok) return user;
    run.currency = currency;
    run.items = lines;
    try {
      run.total = splitTotal(total, BigInt(coupon.discount), BigInt(balanceToUse));
    } catch (error) {
      if (!(error instanceof BalanceExceedsTotalError)) throw error;
      return { ok: false, code: error.code, detail: error.message };
    }
    return DONE;
  }

  /** 1. From here on there is something to undo, so the abandon timer is written in the same transaction. */
  async preOrder(run: PlaceOrderRun): Promise<StepResult> {
    const { orderId } = run;
    try {
      const [, { rows }] = await this.database.inSharedRoundTrip([
        keyInsertStatement(run.claim, orderId),
        this.orderInsert(run),
        itemsInsert(run),
        outboxInsert([this.timer(abandonOrder.topic, orderId, this.config.abandonTimeoutMs)]),
      ]);
      run.preOrder = { times: only(rows), answeredAtMs: performance.now() };
    } catch (error) {
      throw asKeyTaken(error, run.claim);
    }
    this.outbox.wake();
    return DONE;
  }

  /** 2. */
  deductStock(run: PlaceOrderRun): Promise<StepResult> {
    return this.stock.call(deductStock, { orderId: run.orderId, items: run.body.items }, this.options(run));
  }

  /** 3. Nothing to do without a coupon. */
  useCoupon(run: PlaceOrderRun): Promise<StepResult> {
    const { couponId } = run.body;
    if (!couponId) return Promise.resolve(DONE);
    const discount = quoted(run).total.discount.toString();
    return this.coupon.call(
      useCoupon,
      { orderId: run.orderId, couponId, userId: run.userId, discount },
      this.options(run),
    );
  }

  /** 4. Takes balance_used only; pay takes payable only. */
  deductBalance(run: PlaceOrderRun): Promise<StepResult> {
    const { total, currency } = quoted(run);
    if (total.balanceUsed === 0n) return Promise.resolve(DONE);
    const amount = total.balanceUsed.toString();
    return this.user.call(
      deductBalance,
      { orderId: run.orderId, userId: run.userId, amount, currency },
      this.options(run),
    );
  }

  /** 5. Status, kept answer and what follows commit together. @throws {ConfirmLostError} */
  async confirm(run: PlaceOrderRun): Promise<StepResult> {
    const order = this.confirmedRow(run);
    const view = viewOrder(order, quoted(run).items);
    try {
      await this.database.inSharedRoundTrip([
        bindLine(statements.confirmOrder, [
          order.order_id,
          order.status,
          order.confirmed_at,
          order.paid_at,
          order.close_at,
        ]),
        keyAnswerStatement(order.order_id, { status: 201, body: view }),
        outboxInsert(this.confirmedMessages(order)),
      ]);
    } catch (error) {
      if (!(error instanceof StatementRefusedError)) throw error;
      throw new ConfirmLostError('the order was no longer PENDING', { cause: error });
    }
    run.confirmed = view;
    this.outbox.wake();
    return DONE;
  }

  /** Where nothing is left to pay the order is PAID at once and has no close timer. */
  private confirmedRow(run: PlaceOrderRun): OrderRow {
    const { times, answeredAtMs } = preOrdered(run);
    // The database's clock, which all replicas and timers share, as the pre-order told it. Asking it again costs a round trip.
    const now = new Date(times.created_at.getTime() + Math.round(performance.now() - answeredAtMs));
    if (quoted(run).total.payable === 0n) return decidedRow(run, { status: 'PAID', at: now, closeAt: null });
    const closeAt = new Date(now.getTime() + this.config.unpaidTimeoutMs);
    return decidedRow(run, { status: 'CONFIRMED', at: now, closeAt });
  }

  private confirmedMessages(order: OrderRow): OutboxRow[] {
    const { order_id: orderId } = order;
    const confirmed: PayloadOf<typeof orderConfirmed> = {
      version: 1,
      orderId,
      userId: order.user_id,
      payable: order.payable.toString(),
      currency: order.currency,
      confirmedAt: (order.confirmed_at ?? order.created_at).toISOString(),
    };
    const messages: OutboxRow[] = [
      { topic: orderConfirmed.topic, key: orderId, payload: confirmed, headers: traceHeaders() },
    ];
    if (order.payable > 0n) messages.push(this.timer(closeUnpaidOrder.topic, orderId, this.config.unpaidTimeoutMs));
    return messages;
  }

  private orderInsert(run: PlaceOrderRun) {
    const { total, currency } = quoted(run);
    return bindLine<PreOrderTimes>(statements.insertOrder, [
      run.orderId,
      run.userId,
      currency,
      total.total,
      total.discount,
      total.balanceUsed,
      total.payable,
      run.body.couponId ?? null,
      run.claim.key,
      this.config.abandonTimeoutMs,
    ]);
  }

  private timer(topic: string, orderId: string, dueInMs: number): OutboxRow {
    return timerMessage(topic, orderId, dueInMs, this.config.timeScale);
  }

  private options(run: PlaceOrderRun): CallOptions {
    return { timeoutMs: this.config.rpcTimeoutMs, deadline: run.deadline };
  }
}

function itemsInsert(run: PlaceOrderRun) {
  const { items } = quoted(run);
  return bind(statements.insertOrderItems, [
    items.map(() => run.orderId),
    items.map((item) => item.goods_id),
    items.map((item) => item.name),
    items.map((item) => item.quantity),
    items.map((item) => item.unit_price),
  ]);
}

function only<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new Error('the row was not returned by its own insert');
  return row;
}
