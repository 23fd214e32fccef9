import { Injectable } from '@nestjs/common';
import type { CreateRefund } from '@rocketshop/contracts';
import { notFound, ProblemError } from '@rocketshop/service-defaults';
import type { Refund } from '../domain/charge.js';
import { newCallback } from '../domain/new-callback.js';
import { refundable } from '../domain/ledger.js';
import { LedgerStore } from '../ledger/ledger-store.js';
import { CallbackDelivery } from '../send-callback/callback-delivery.service.js';

@Injectable()
export class RefundPaymentService {
  constructor(
    private readonly store: LedgerStore,
    private readonly delivery: CallbackDelivery,
  ) {}

  /**
   * Refunds money, once for each refund id.
   * @throws {ProblemError} 404 unknown transaction, 409 id of another refund, 422 other currency or more than is left
   */
  async refund(request: CreateRefund): Promise<Refund> {
    const { ledger } = this.store;
    const existing = ledger.refund(request.refundId);
    if (existing !== undefined) {
      refuseOtherContents(existing, request);
      await this.store.settled();
      return existing;
    }
    const account = ledger.accountOfTransaction(request.providerTxnId);
    const transaction = account?.transactions.find(({ providerTxnId }) => providerTxnId === request.providerTxnId);
    if (account === undefined || transaction === undefined) throw notFound('transaction');
    if (transaction.currency !== request.currency)
      throw refusal('REFUND_CURRENCY_DIFFERS', 'A refund is in the currency of its payment.');
    const left = refundable(account, transaction);
    if (BigInt(request.amount) > left)
      throw refusal('REFUND_EXCEEDS_PAYMENT', 'More than is left of the payment.', `left: ${left}`);
    const { charge } = account;
    const refund: Refund = { ...request, chargeId: charge.chargeId, occurredAt: new Date().toISOString() };
    const callback = newCallback('refund.succeeded', charge, refund);
    await this.store.record({ kind: 'refunded', refund, callback });
    this.delivery.deliver(callback);
    return refund;
  }
}

function refuseOtherContents(refund: Refund, request: CreateRefund): void {
  const fields = ['providerTxnId', 'amount', 'currency'] as const;
  const different = fields.filter((field) => refund[field] !== request[field]);
  if (different.length === 0) return;
  throw new ProblemError({
    status: 409,
    code: 'REFUND_ID_REUSED',
    title: 'This refund id names another refund.',
    detail: `different: ${different.join(', ')}`,
  });
}

function refusal(code: string, title: string, detail?: string): ProblemError {
  return new ProblemError({ status: 422, code, title, ...(detail === undefined ? {} : { detail }) });
}
