import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { answerPayable, type AnswerOf, type ProviderCharge } from '@rocketshop/contracts';
import {
  asKeyTaken,
  insertIdempotencyKey,
  keyInsertStatement,
  type IdempotencyClaim,
  type KeptAnswer,
} from '@rocketshop/idempotency';
import {
  bindLine,
  boundStatement,
  Database,
  LOGGER,
  namedStatement,
  notFound,
  ProblemError,
  type Logger,
} from '@rocketshop/service-defaults';
import { lockPaymentOrder } from '../close-payment/lock-payment-order.js';
import { isRefused } from '../database/is-refused.js';
import * as statements from '../database/statements.js';
import type { PaymentRow } from '../database/statements.js';
import type { PayConfig } from '../pay.config.js';
import { PAY_CONFIG } from '../pay.tokens.js';
import { ProviderClient } from '../provider/provider-client.js';
import { viewPayment, type PaymentView } from '../read-payment/payment-view.js';
import { OrderRpc } from '../remote-services.js';

type Payable = Extract<AnswerOf<typeof answerPayable>, { ok: true }>;

/**
 * Opens the payment of an order: our row first, then the charge at the provider, then the answer. A crash in between
 * leaves a CREATED row that the next request picks up: the provider knows the charge by our paymentId.
 */
@Injectable()
export class OpenPaymentService {
  constructor(
    private readonly database: Database,
    private readonly order: OrderRpc,
    private readonly provider: ProviderClient,
    @Inject(PAY_CONFIG) private readonly config: PayConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** An open payment is answered again, whoever asks under whatever key. @throws {ProblemError} */
  async open(orderId: string, userId: string, claim: IdempotencyClaim): Promise<PaymentView> {
    const payable = await this.askPayable(orderId, userId);
    const payment = await this.createRow(payable, userId);
    const charge = await this.charge(payment);
    return this.answer(payment, charge, claim);
  }

  private async askPayable(orderId: string, userId: string): Promise<Payable> {
    let answer: AnswerOf<typeof answerPayable>;
    try {
      answer = await this.order.call(answerPayable, { orderId, userId }, { timeoutMs: this.config.rpcTimeoutMs });
    } catch (error) {
      throw unavailable('ORDER_UNREACHABLE', 'What is to be paid could not be asked now.', error);
    }
    if (answer.ok) return answer;
    if (answer.code === 'ORDER_NOT_FOUND') throw notFound('order');
    throw new ProblemError({
      status: 409,
      code: answer.code,
      title: 'The order cannot be paid now.',
      detail: answer.detail,
    });
  }

  /** Of two requests at once one inserts, the other waits at the fence and finds the row. */
  private async createRow({ orderId, payable, currency }: Payable, userId: string): Promise<PaymentRow> {
    const payment = [randomUUID(), orderId, userId, BigInt(payable), currency];
    const [first] = await this.database.inSharedRoundTrip([
      bindLine<PaymentRow>(statements.insertFirstPayment, payment),
    ]);
    return first.rows[0] ?? this.findOrCreateRow(orderId, payment);
  }

  /** Of an order whose fence was there already: with a payment, which is answered again, or without a live one, or closed. */
  private findOrCreateRow(orderId: string, payment: readonly unknown[]): Promise<PaymentRow> {
    return this.database.inTransaction(async (client) => {
      const { status } = await lockPaymentOrder(client, orderId, 'OPEN');
      const live = await namedStatement<PaymentRow>(client, statements.selectLivePayment, [orderId]);
      const [existing] = live.rows;
      if (status === 'CLOSED') throw closed();
      if (existing) return existing;
      const { rows } = await boundStatement(client, bindLine<PaymentRow>(statements.insertPayment, payment));
      const [created] = rows;
      if (!created) throw new Error('the payment row was not returned by its own insert');
      return created;
    });
  }

  private async charge(payment: PaymentRow): Promise<ProviderCharge | undefined> {
    if (payment.status !== 'CREATED') return undefined;
    try {
      return await this.provider.createCharge({
        merchantId: this.config.merchantId,
        paymentId: payment.payment_id,
        orderId: payment.order_id,
        amount: payment.amount.toString(),
        currency: payment.currency,
        callbackUrl: this.config.callbackUrl,
      });
    } catch (error) {
      this.logger.warn({ err: error, orderId: payment.order_id }, 'the provider did not take the charge');
      throw unavailable('PROVIDER_UNAVAILABLE', 'The payment provider does not answer now.', error);
    }
  }

  /** The key and its answer commit with the state they tell of. */
  private async answer(
    payment: PaymentRow,
    charge: ProviderCharge | undefined,
    claim: IdempotencyClaim,
  ): Promise<PaymentView> {
    if (!charge) return this.answerCurrent(payment, charge, claim);
    try {
      return await this.answerPaying(payment, charge, claim);
    } catch (error) {
      if (!isRefused(error)) throw error;
      return this.answerCurrent(payment, charge, claim);
    }
  }

  /** What nearly every buyer is answered. Refused where the payment is not CREATED any more, or the order not open. */
  private async answerPaying(
    payment: PaymentRow,
    { chargeId, payUrl }: ProviderCharge,
    claim: IdempotencyClaim,
  ): Promise<PaymentView> {
    const view = viewPayment({ ...payment, status: 'PAYING', charge_id: chargeId, pay_url: payUrl });
    try {
      await this.database.inSharedRoundTrip([
        bindLine(statements.lockOpenPaymentOrder, [payment.order_id]),
        bindLine(statements.startPayingOrRefuse, [payment.payment_id, chargeId, payUrl]),
        keyInsertStatement(claim, payment.payment_id, created(view)),
      ]);
    } catch (error) {
      throw asKeyTaken(error, claim);
    }
    return view;
  }

  private answerCurrent(
    payment: PaymentRow,
    charge: ProviderCharge | undefined,
    claim: IdempotencyClaim,
  ): Promise<PaymentView> {
    return this.database.inTransaction(async (client) => {
      await lockPaymentOrder(client, payment.order_id, 'OPEN');
      if (charge) {
        const { chargeId, payUrl } = charge;
        await boundStatement(client, bindLine(statements.startPaying, [payment.payment_id, chargeId, payUrl]));
      }
      const { rows } = await namedStatement<PaymentRow>(client, statements.selectPayment, [payment.payment_id]);
      const [current] = rows;
      if (!current || current.status === 'CLOSED') throw closed();
      const view = viewPayment(current);
      await insertIdempotencyKey(client, claim, current.payment_id, created(view));
      return view;
    });
  }
}

const created = (view: PaymentView): KeptAnswer => ({ status: 201, body: view });

const closed = () =>
  new ProblemError({ status: 409, code: 'PAYMENT_CLOSED', title: 'The order is closed and cannot be paid any more.' });

const unavailable = (code: string, title: string, cause: unknown) =>
  new ProblemError({ status: 503, code, title, headers: { 'retry-after': '1' }, cause });
