import { randomUUID } from 'node:crypto';
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
import { answerIdempotencyKey, insertIdempotencyKey, type IdempotencyClaim } from '@rocketshop/idempotency';
import { OutboxRelay, writeOutbox } from '@rocketshop/outbox';
import { Database, namedStatement, traceHeaders, type CallOptions } from '@rocketshop/service-defaults';
import type { PoolClient } from 'pg';
import * as statements from '../database/statements.js';
import type { OrderItemRow, OrderRow } from '../database/statements.js';
import { BalanceExceedsTotalError, splitTotal, totalOf, type OrderTotal } from '../domain/order-total.js';
import type { OrderConfig } from '../order.config.js';
import { ORDER_CONFIG } from '../order.tokens.js';
import { timerDelayMs } from '../timers/timer-delay.js';
import { CouponRpc, StockRpc, UserRpc } from '../remote-services.js';
import { viewOrder, type OrderView } from '../read-order/order-view.js';

import type { PlaceOrderBody } from './place-order.dto.js';
import type { StepResult } from './place-order.flow.js';

const DONE = { ok: true } as const;

/** What one run of the flow knows, filled in step by step. */
export interface PlaceOrderRun {
  readonly orderId: string;
  readonly userId: string;
  readonly body: PlaceOrderBody;
  readonly claim: IdempotencyClaim;
  /** ms since the epoch; travels in the calls, and a participant past it refuses. */
  readonly deadline: number;
  currency?: string;
  items?: readonly OrderItemRow[];
  total?: OrderTotal;
  confirmed?: OrderView;
}

/** Thrown when confirm changed no row: the abandon timer or the sweeper was first. */
export class ConfirmLostError extends Error {
  override readonly name = 'ConfirmLostError';
  readonly code = 'CONFIRM_LOST';
  readonly retriable = false;
}

export const newPlaceOrderRun = (
  init: Pick<PlaceOrderRun, 'userId' | 'body' | 'claim' | 'deadline'>,
): PlaceOrderRun => ({ orderId: randomUUID(), ...init });

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
    const { total, currency, items } = quoted(run);
    await this.database.inTransaction(async (client, scope) => {
      await insertIdempotencyKey(client, run.claim, run.orderId);
      await namedStatement(client, statements.insertOrder, [
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
      await namedStatement(client, statements.insertOrderItems, [
        run.orderId,
        items.map((item) => item.goods_id),
        items.map((item) => item.name),
        items.map((item) => item.quantity),
        items.map((item) => item.unit_price),
      ]);
      const payload: PayloadOf<typeof abandonOrder> = { version: 1, orderId: run.orderId };
      await writeOutbox(client, [
        {
          topic: abandonOrder.topic,
          key: run.orderId,
          payload,
          delayMs: this.timerDelay(this.config.abandonTimeoutMs),
          headers: traceHeaders(),
        },
      ]);
      scope.afterCommit(() => this.outbox.nudge());
    });
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
    const { items } = quoted(run);
    run.confirmed = await this.database.inTransaction(async (client, scope) => {
      const { rows } = await namedStatement<OrderRow>(client, statements.confirmOrder, [
        run.orderId,
        this.config.unpaidTimeoutMs,
      ]);
      const [order] = rows;
      if (!order) throw new ConfirmLostError('the order was no longer PENDING');
      const view = viewOrder(order, items);
      await answerIdempotencyKey(client, run.orderId, { status: 201, body: view });
      await this.writeConfirmed(client, order);
      scope.afterCommit(() => this.outbox.nudge());
      return view;
    });
    return DONE;
  }

  private async writeConfirmed(client: PoolClient, order: OrderRow): Promise<void> {
    const { order_id: orderId } = order;
    const headers = traceHeaders();
    const confirmed: PayloadOf<typeof orderConfirmed> = {
      version: 1,
      orderId,
      userId: order.user_id,
      payable: order.payable.toString(),
      currency: order.currency,
      confirmedAt: (order.confirmed_at ?? order.created_at).toISOString(),
    };
    const close: PayloadOf<typeof closeUnpaidOrder> = { version: 1, orderId };
    await writeOutbox(client, [
      { topic: orderConfirmed.topic, key: orderId, payload: confirmed, headers },
      ...(order.payable > 0n
        ? [
            {
              topic: closeUnpaidOrder.topic,
              key: orderId,
              payload: close,
              delayMs: this.timerDelay(this.config.unpaidTimeoutMs),
              headers,
            },
          ]
        : []),
    ]);
  }

  private timerDelay(dueInMs: number): number {
    return timerDelayMs(dueInMs, this.config.timeScale);
  }

  private options(run: PlaceOrderRun): CallOptions {
    return { timeoutMs: this.config.rpcTimeoutMs, deadline: run.deadline };
  }
}

function quoted(run: PlaceOrderRun) {
  const { total, currency, items } = run;
  if (!total || !currency || !items) throw new Error('the flow ran a step before its quote');
  return { total, currency, items };
}
