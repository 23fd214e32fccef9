import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { answerPayable } from '@rocketshop/contracts';
import type { AnswerOf, ProviderCharge } from '@rocketshop/contracts';
import { asKeyTaken, keyInsertStatement } from '@rocketshop/idempotency';
import type { IdempotencyClaim } from '@rocketshop/idempotency';
import { outboxInsert, OutboxRelay } from '@rocketshop/outbox';
import { bindLine, retryWhenRefused, retryWhenUnknown } from '@rocketshop/pg';
import type { BoundStatement } from '@rocketshop/pg';
import { Database, LOGGER, notFound, ProblemError, scaledMs } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import { PaymentEntity } from '../database/entities/payment.entity.js';
import {
  INSERT_PAYMENT,
  LOCK_PAYMENT_ORDER,
  READ_LIVE_PAYMENT,
  READ_PAYMENT,
  SET_CHARGE,
} from '../database/statements.js';
import type { LivePayment } from '../database/statements.js';
import { assertTransition } from '../domain/payment-status.js';
import type { PayConfig } from '../pay.config.js';
import { PAY_CONFIG } from '../pay.tokens.js';
import { ProviderClient } from '../provider/provider-client.js';
import { viewPayment } from '../read-payment/read-payment.dto.js';
import type { PaymentView } from '../read-payment/read-payment.dto.js';
import { OrderRpc } from '../remote-services.js';
import { paymentSucceededRow } from '../tell-order/payment-succeeded.js';

type Payable = Extract<AnswerOf<typeof answerPayable>, { ok: true }>;

/**
 * Opens the payment of an order. It inserts the payment, requests the charge from the provider, and stores the answer. A crash in
 * between leaves a CREATED payment. The next request continues it, since the provider finds the charge by our paymentId.
 */
@Injectable()
export class OpenPaymentService {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    private readonly order: OrderRpc,
    private readonly provider: ProviderClient,
    @Inject(PAY_CONFIG) private readonly config: PayConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Answers an open payment again, also under another key. @throws {ProblemError} */
  async open(orderId: string, userId: string, claim: IdempotencyClaim): Promise<PaymentView> {
    const payable = await this.askPayable(orderId, userId);
    const payment = await retryWhenUnknown(() => this.findOrCreate(payable, userId));
    const charge = await this.charge(payment);
    return retryWhenUnknown(() => this.answer(payment, charge, claim));
  }

  private async askPayable(orderId: string, userId: string): Promise<Payable> {
    let answer: AnswerOf<typeof answerPayable>;
    try {
      answer = await this.order.call(answerPayable, { orderId, userId }, { timeoutMs: this.config.rpcTimeoutMs });
    } catch (error) {
      throw unavailable('ORDER_UNREACHABLE', 'The order service does not answer now.', error);
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

  /** Of two requests at once, one inserts the payment. The other one waits for the lock of the fence, and reads that payment. */
  private async findOrCreate({ orderId, payable, currency }: Payable, userId: string): Promise<PaymentEntity> {
    const { merchantId, callbackUrl, chargeFirstPollMs, timeScale } = this.config;
    const values = [
      randomUUID(),
      orderId,
      userId,
      BigInt(payable),
      currency,
      merchantId,
      callbackUrl,
      scaledMs(chargeFirstPollMs, timeScale),
    ];
    const [inserted] = await this.database.batch([bindLine<PaymentEntity>(INSERT_PAYMENT, values)]);
    if (inserted.rows[0]) return inserted.rows[0];
    const [live] = await this.database.read<LivePayment>(READ_LIVE_PAYMENT, [[orderId]]);
    if (!live || live.orderStatus === 'CLOSED' || live.paymentId === null) throw closed();
    return live as PaymentEntity;
  }

  /** Requests the charge with what the payment keeps, so that a repetition is the same request whatever is configured by then. */
  private async charge(payment: PaymentEntity): Promise<ProviderCharge | undefined> {
    if (payment.status !== 'CREATED') return undefined;
    const { paymentId, orderId, currency, merchantId, callbackUrl } = payment;
    let charge: ProviderCharge | undefined;
    try {
      charge = await this.provider.createCharge({
        paymentId,
        orderId,
        amount: payment.amount.toString(),
        currency,
        merchantId: merchantId ?? this.config.merchantId,
        callbackUrl: callbackUrl ?? this.config.callbackUrl,
      });
    } catch (error) {
      this.logger.warn({ err: error, orderId }, 'the provider did not take the charge');
      throw unavailable('PROVIDER_UNAVAILABLE', 'The payment provider does not answer now.', error);
    }
    // The payment was closed meanwhile, and its charge made void before it was there.
    if (charge === undefined) throw closed();
    return charge;
  }

  /** The key, its answer and the state that the answer shows commit together. A payment that has changed is read again. */
  private answer(
    opened: PaymentEntity,
    charge: ProviderCharge | undefined,
    claim: IdempotencyClaim,
  ): Promise<PaymentView> {
    return retryWhenRefused(async (attempt) => {
      const before = attempt === 1 ? opened : await this.read(opened.paymentId);
      if (before.status === 'CLOSED') throw closed();
      const after = charged(before, charge);
      const view = viewPayment(after);
      try {
        await this.database.batch([
          bindLine(LOCK_PAYMENT_ORDER, [after.orderId]),
          bindLine(SET_CHARGE, [after.paymentId, before.status, after.status, after.chargeId, after.payUrl]),
          keyInsertStatement(claim, after.paymentId, { status: 201, body: view }),
          ...toldAgain(after),
        ]);
      } catch (error) {
        throw asKeyTaken(error, claim);
      }
      if (after.status === 'PAID') this.relay.wake();
      return view;
    });
  }

  private async read(paymentId: string): Promise<PaymentEntity> {
    const [payment] = await this.database.read<PaymentEntity>(READ_PAYMENT, [[paymentId]]);
    if (!payment) throw new Error(`the payment ${paymentId} no longer exists`);
    return payment;
  }
}

/** The payment after the provider has accepted the charge. A callback may have made it PAID before. */
function charged(payment: PaymentEntity, charge: ProviderCharge | undefined): PaymentEntity {
  if (!charge || payment.status !== 'CREATED') return payment;
  assertTransition('CREATED', 'PAYING');
  const { chargeId, payUrl } = charge;
  return Object.assign(new PaymentEntity(), payment, { status: 'PAYING', chargeId, payUrl } as const);
}

/**
 * The order has just said that it waits for its payment. If the payment is PAID, payment-succeeded is late or was lost, so it is
 * written again.
 */
function toldAgain({ status, orderId, paymentId, amount, currency, paidAt }: PaymentEntity): BoundStatement[] {
  if (status !== 'PAID' || paidAt === null) return [];
  const payment = { orderId, paymentId, amount: amount.toString(), currency, paidAt: paidAt.toISOString() };
  return [outboxInsert([paymentSucceededRow(payment)])];
}

const closed = () =>
  new ProblemError({ status: 409, code: 'PAYMENT_CLOSED', title: 'The order is closed and cannot be paid any more.' });

const unavailable = (code: string, title: string, cause: unknown) =>
  new ProblemError({ status: 503, code, title, headers: { 'retry-after': '1' }, cause });
