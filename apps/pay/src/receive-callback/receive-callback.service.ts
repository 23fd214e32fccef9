import { Inject, Injectable } from '@nestjs/common';
import type { ProviderCallback } from '@rocketshop/contracts';
import { OutboxRelay } from '@rocketshop/outbox';
import {
  bindLine,
  boundStatement,
  Database,
  namedStatement,
  type TransactionClient,
} from '@rocketshop/service-defaults';
import { lockPaymentOrder } from '../close-payment/lock-payment-order.js';
import { isRefused } from '../database/is-refused.js';
import * as statements from '../database/statements.js';
import type { PaymentRow } from '../database/statements.js';
import { assertTransition, decideOnMoney } from '../domain/payment-status.js';
import type { PayConfig } from '../pay.config.js';
import { PAY_CONFIG } from '../pay.tokens.js';
import { requestRefund } from '../refund/refunds.js';
import { payStatements } from './pay-statements.js';

/** What became of a callback. The first four are answered 2xx: there is nothing the provider could do better next time. */
export type CallbackOutcome =
  | 'PAID'
  | 'ALREADY_COUNTED'
  | 'REFUNDING'
  | 'REFUND_NOTED'
  | 'UNKNOWN_PAYMENT'
  | 'WRONG_MERCHANT'
  | 'WRONG_ORDER'
  | 'WRONG_AMOUNT'
  | 'WRONG_CURRENCY'
  | 'WRONG_TRANSACTION';

const ACCEPTED: ReadonlySet<string> = new Set(['PAID', 'ALREADY_COUNTED', 'REFUNDING', 'REFUND_NOTED']);

export const isAccepted = (outcome: CallbackOutcome): boolean => ACCEPTED.has(outcome);

/** A genuine callback, in one transaction: the event's row, the payment's state, the message to order. */
@Injectable()
export class ReceiveCallbackService {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    @Inject(PAY_CONFIG) private readonly config: PayConfig,
  ) {}

  async receive(event: ProviderCallback): Promise<CallbackOutcome> {
    if (!this.mayPay(event)) return this.settleEvent(event);
    try {
      return await this.pay(event);
    } catch (error) {
      if (!isRefused(error)) throw error;
      return this.settleEvent(event);
    }
  }

  /** Whether the database may be asked at once to make the payment PAID. */
  private mayPay({ type, merchantId, paymentId, orderId }: ProviderCallback): boolean {
    return (
      type === 'payment.succeeded' &&
      merchantId === this.config.merchantId &&
      looksLikeOurs(paymentId) &&
      looksLikeOurs(orderId)
    );
  }

  /** What nearly every callback comes to. Refused where it was told before, or anything does not fit. */
  private async pay(event: ProviderCallback): Promise<CallbackOutcome> {
    await this.database.inSharedRoundTrip([
      bindLine(statements.insertEvent, [event.eventId, 'PAID', JSON.stringify(event)]),
      ...payStatements(event),
    ]);
    this.relay.wake();
    return 'PAID';
  }

  private settleEvent(event: ProviderCallback): Promise<CallbackOutcome> {
    return this.database.inTransaction(async (client, scope) => {
      const received = [event.eventId, 'RECEIVED', JSON.stringify(event)];
      const record = bindLine<{ outcome: CallbackOutcome }>(statements.recordEvent, received);
      const { rows } = await boundStatement(client, record);
      const before = rows[0]?.outcome;
      // A refused event is looked at again: the row it missed may be there by now. An accepted one never is.
      if (before && isAccepted(before)) return before;
      const outcome = await this.settle(client, event);
      await namedStatement(client, statements.settleEvent, [event.eventId, outcome]);
      scope.afterCommit(() => this.relay.wake());
      return outcome;
    });
  }

  private async settle(client: TransactionClient, event: ProviderCallback): Promise<CallbackOutcome> {
    if (event.merchantId !== this.config.merchantId) return 'WRONG_MERCHANT';
    const payment = await findPayment(client, event.paymentId);
    if (!payment) return 'UNKNOWN_PAYMENT';
    if (payment.order_id !== event.orderId) return 'WRONG_ORDER';
    if (payment.currency !== event.currency) return 'WRONG_CURRENCY';
    if (payment.amount !== BigInt(event.amount)) return 'WRONG_AMOUNT';
    // The answer to our own refund request is what makes a refund final; the event only repeats it.
    if (event.type === 'refund.succeeded') return 'REFUND_NOTED';
    if (await isForeign(client, event)) return 'WRONG_TRANSACTION';
    return this.takeMoney(client, payment.payment_id, event);
  }

  private async takeMoney(
    client: TransactionClient,
    paymentId: string,
    event: ProviderCallback,
  ): Promise<CallbackOutcome> {
    const { status } = await lockPaymentOrder(client, event.orderId, 'OPEN');
    // Read again under the lock: what was read before may have been closed or paid meanwhile.
    const payment = await findPayment(client, paymentId);
    if (!payment) return 'UNKNOWN_PAYMENT';
    const decision = decideOnMoney(status, payment.status, payment.provider_txn_id, event.providerTxnId);
    if (decision === 'ALREADY_COUNTED') return 'ALREADY_COUNTED';
    if (decision === 'REFUND') {
      const reason = status === 'PAID' ? 'DOUBLE' : 'LATE';
      const { providerTxnId, currency } = event;
      await requestRefund(client, payment, { providerTxnId, amount: BigInt(event.amount), currency, reason });
      return 'REFUNDING';
    }
    assertTransition(payment.status, 'PAID');
    for (const statement of payStatements(event)) await boundStatement(client, statement);
    return 'PAID';
  }
}

/** Two callbacks at once for two payments: the unique index refuses the second, and looked at again it is found here. */
async function isForeign(client: TransactionClient, { providerTxnId, paymentId }: ProviderCallback): Promise<boolean> {
  const { rows } = await namedStatement<{ isForeign: boolean }>(client, statements.findForeignTransaction, [
    paymentId,
    providerTxnId,
  ]);
  return rows[0]?.isForeign ?? false;
}

/** The provider's ids are any text; only one that looks like ours can be in a table. */
const looksLikeOurs = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);

async function findPayment(client: TransactionClient, paymentId: string): Promise<PaymentRow | undefined> {
  if (!looksLikeOurs(paymentId)) return undefined;
  const { rows } = await namedStatement<PaymentRow>(client, statements.selectPayment, [paymentId]);
  return rows[0];
}
