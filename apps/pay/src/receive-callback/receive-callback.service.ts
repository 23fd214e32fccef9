import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ProviderCallback } from '@rocketshop/contracts';
import { outboxInsert, OutboxRelay } from '@rocketshop/outbox';
import { bindLine, retryWhenRefused, retryWhenUnknown } from '@rocketshop/pg';
import type { BoundStatement, Deadline } from '@rocketshop/pg';
import { Database, scaledMs } from '@rocketshop/service-defaults';
import {
  LOCK_TRANSACTION,
  PAY_PAYMENT,
  PAY_PAYMENT_ORDER,
  READ_CALLBACK_FACTS,
  RECORD_EVENT,
  RECORD_EVENT_CONFLICT,
  insertRefund,
} from '../database/statements.js';
import type { CallbackFactsRow } from '../database/statements.js';
import { decideOnCallback } from '../domain/callback-outcome.js';
import type { CallbackFacts, CallbackOutcome } from '../domain/callback-outcome.js';
import { assertTransition } from '../domain/payment-status.js';
import type { PayConfig } from '../pay.config.js';
import { PAY_CONFIG } from '../pay.tokens.js';
import { paymentSucceededRow } from '../tell-order/payment-succeeded.js';

type Payment = NonNullable<CallbackFacts['payment']>;

/** One transaction of the provider pays for one payment. A second payment with the same transaction violates this index. */
const PROVIDER_TRANSACTION_KEY = 'payments_provider_txn';

/**
 * Handles a genuine callback, and the transactions that the provider tells when it is asked. It decides by what is known of the payment, and writes the decision in one transaction: the event's
 * row, the payment's state, and the message to order. The statements refuse when the state is another one; then it is read, and the
 * callback is decided again.
 */
@Injectable()
export class ReceiveCallbackService {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    @Inject(PAY_CONFIG) private readonly config: PayConfig,
  ) {}

  /** Commits the event with all that follows from it. A wait for a lock ends at the deadline. */
  async receive(event: ProviderCallback, options: Deadline = {}): Promise<CallbackOutcome> {
    const outcome = await retryWhenUnknown(() =>
      retryWhenRefused((attempt) => this.decide(event, attempt, options), { constraint: PROVIDER_TRANSACTION_KEY }),
    );
    this.relay.wake();
    return outcome;
  }

  private async decide(event: ProviderCallback, attempt: number, options: Deadline): Promise<CallbackOutcome> {
    const { merchantId } = this.config;
    const isUsual = attempt === 1 && event.merchantId === merchantId && isAboutMoney(event);
    const facts = isUsual ? assumedFacts(event) : await this.readFacts(event);
    const outcome = decideOnCallback(event, facts, merchantId);
    await this.database.batch(this.statementsOf(event, facts, outcome), options);
    return outcome;
  }

  private async readFacts(event: ProviderCallback): Promise<CallbackFacts> {
    const paymentId = looksLikeOurs(event.paymentId) ? event.paymentId : null;
    const [row] = await this.database.read<CallbackFactsRow>(READ_CALLBACK_FACTS, [
      [event.eventId],
      [paymentId],
      [event.providerTxnId],
      [JSON.stringify(event)],
    ]);
    if (!row) throw new Error(`no facts about the event ${event.eventId} were returned`);
    const { earlierOutcome, isForeign, isOtherContent } = row;
    return { earlierOutcome, isForeign, isOtherContent, payment: row.paymentId === null ? null : (row as Payment) };
  }

  private statementsOf(
    event: ProviderCallback,
    { payment, earlierOutcome }: CallbackFacts,
    outcome: CallbackOutcome,
  ): BoundStatement[] {
    const body = JSON.stringify(event);
    if (outcome === 'EVENT_ID_REUSED') return [bindLine(RECORD_EVENT_CONFLICT, [event.eventId, digestOf(body), body])];
    const record = bindLine(RECORD_EVENT, [event.eventId, outcome, body]);
    if (!payment || outcome === earlierOutcome) return [record];
    const lock = bindLine(LOCK_TRANSACTION, [event.providerTxnId]);
    if (outcome === 'PAID') return [record, lock, ...this.paying(event, payment)];
    if (outcome === 'REFUNDING') return [record, lock, refunding(event, payment)];
    return [record];
  }

  /** Makes the payment PAID and publishes payment-succeeded. The statements check the payment against the event. */
  private paying(event: ProviderCallback, { status }: Payment): BoundStatement[] {
    assertTransition(status, 'PAID');
    const { orderId, paymentId, providerTxnId, amount, currency, merchantId } = event;
    const paidAt = new Date().toISOString();
    const lastLookMs = scaledMs(this.config.lastLookMs, this.config.timeScale);
    return [
      bindLine(PAY_PAYMENT_ORDER, [orderId]),
      bindLine(PAY_PAYMENT, [
        paymentId,
        status,
        providerTxnId,
        paidAt,
        orderId,
        amount,
        currency,
        merchantId,
        lastLookMs,
      ]),
      outboxInsert([paymentSucceededRow({ orderId, paymentId, amount, currency, paidAt })]),
    ];
  }
}

/** The money came too late, or another transaction has paid the order. Neither changes any more, so nothing is checked again. */
function refunding(event: ProviderCallback, { orderStatus }: Payment): BoundStatement {
  const { orderId, paymentId, providerTxnId, currency } = event;
  return insertRefund({
    paymentId,
    orderId,
    providerTxnId,
    amount: BigInt(event.amount),
    currency,
    reason: orderStatus === 'PAID' ? 'DOUBLE' : 'LATE',
  });
}

/** A callback about a payment that may be ours. A callback about a refund is not assumed to fit, so its facts are read. */
const isAboutMoney = ({ type, paymentId, orderId }: ProviderCallback): boolean =>
  type === 'payment.succeeded' && looksLikeOurs(paymentId) && looksLikeOurs(orderId);

/**
 * What is true of nearly every payment when its callback arrives. The assumption saves a read for each payment. The statements
 * check all of it, and refuse when anything differs.
 */
const assumedFacts = ({ orderId, amount, currency }: ProviderCallback): CallbackFacts => ({
  earlierOutcome: null,
  isForeign: false,
  isOtherContent: false,
  payment: {
    orderId,
    amount: BigInt(amount),
    currency,
    merchantId: null,
    status: 'PAYING',
    providerTxnId: null,
    orderStatus: 'OPEN',
  },
});

/** The provider's ids are any text. Only a text that looks like our id can be in a table. */
const looksLikeOurs = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);

const digestOf = (body: string): string => createHash('sha256').update(body).digest('hex');
