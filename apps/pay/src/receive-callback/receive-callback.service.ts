import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ProviderCallback } from '@rocketshop/contracts';
import { outboxInsert, OutboxRelay } from '@rocketshop/outbox';
import { bindLine, retryWhenRefused } from '@rocketshop/pg';
import type { BoundStatement } from '@rocketshop/pg';
import { Database } from '@rocketshop/service-defaults';
import {
  LOCK_TRANSACTION,
  PAY_PAYMENT,
  PAY_PAYMENT_ORDER,
  READ_CALLBACK_FACTS,
  RECORD_EVENT,
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
 * Handles a genuine callback. It decides by what is known of the payment, and writes the decision in one transaction: the event's
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

  async receive(event: ProviderCallback): Promise<CallbackOutcome> {
    const outcome = await retryWhenRefused((attempt) => this.decide(event, attempt), {
      constraint: PROVIDER_TRANSACTION_KEY,
    });
    this.relay.wake();
    return outcome;
  }

  private async decide(event: ProviderCallback, attempt: number): Promise<CallbackOutcome> {
    const facts = attempt === 1 && isAboutMoney(event) ? assumedFacts(event) : await this.readFacts(event);
    const outcome = decideOnCallback(event, facts, this.config.merchantId);
    await this.database.batch(statementsOf(event, facts, outcome));
    return outcome;
  }

  private async readFacts(event: ProviderCallback): Promise<CallbackFacts> {
    const paymentId = looksLikeOurs(event.paymentId) ? event.paymentId : null;
    const [row] = await this.database.read<CallbackFactsRow>(READ_CALLBACK_FACTS, [
      [event.eventId],
      [paymentId],
      [event.providerTxnId],
    ]);
    if (!row) throw new Error(`no facts about the event ${event.eventId} were returned`);
    const { earlierOutcome, isForeign } = row;
    return { earlierOutcome, isForeign, payment: row.paymentId === null ? null : (row as Payment) };
  }
}

function statementsOf(
  event: ProviderCallback,
  { payment, earlierOutcome }: CallbackFacts,
  outcome: CallbackOutcome,
): BoundStatement[] {
  const record = bindLine(RECORD_EVENT, [event.eventId, outcome, JSON.stringify(event)]);
  if (!payment || outcome === earlierOutcome) return [record];
  const lock = bindLine(LOCK_TRANSACTION, [event.providerTxnId]);
  if (outcome === 'PAID') return [record, lock, ...paying(event, payment)];
  if (outcome === 'REFUNDING') return [record, lock, refunding(event, payment)];
  return [record];
}

/** Makes the payment PAID and publishes payment-succeeded. The statements check the payment against the event. */
function paying(event: ProviderCallback, { status }: Payment): BoundStatement[] {
  assertTransition(status, 'PAID');
  const { orderId, paymentId, providerTxnId, amount, currency } = event;
  const paidAt = new Date().toISOString();
  return [
    bindLine(PAY_PAYMENT_ORDER, [orderId]),
    bindLine(PAY_PAYMENT, [paymentId, status, providerTxnId, paidAt, orderId, amount, currency]),
    outboxInsert([paymentSucceededRow({ orderId, paymentId, amount, currency, paidAt })]),
  ];
}

/** The money came too late, or another transaction has paid the order. Neither changes any more, so nothing is checked again. */
function refunding(event: ProviderCallback, { orderStatus }: Payment): BoundStatement {
  const { orderId, paymentId, providerTxnId, currency } = event;
  return insertRefund({
    refundId: randomUUID(),
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
  payment: { orderId, amount: BigInt(amount), currency, status: 'PAYING', providerTxnId: null, orderStatus: 'OPEN' },
});

/** The provider's ids are any text. Only a text that looks like our id can be in a table. */
const looksLikeOurs = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
