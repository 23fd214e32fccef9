import { notFound } from '@rocketshop/service-defaults';
import type { CallbackState, Charge, Refund, Transaction } from '../domain/charge.js';
import type { Account, Ledger } from '../domain/ledger.js';

/** A charge with all that became of it. */
export interface ChargeView extends Charge {
  readonly state: 'WAITING' | 'PAID';
  readonly transactions: readonly Transaction[];
  readonly refunds: readonly Refund[];
  readonly callbacks: readonly { readonly eventId: string; readonly type: string; readonly state: CallbackState }[];
}

/** One movement of money. Amounts are never negative; the kind tells the direction. */
export interface BillLine {
  readonly kind: 'CHARGE' | 'REFUND';
  readonly merchantId: string;
  readonly paymentId: string;
  readonly orderId: string;
  readonly chargeId: string;
  readonly providerTxnId: string;
  readonly refundId?: string;
  readonly amount: string;
  readonly currency: string;
  readonly occurredAt: string;
}

export function stateOf({ transactions }: Account): ChargeView['state'] {
  return transactions.length > 0 ? 'PAID' : 'WAITING';
}

/** @throws {ProblemError} 404 */
export function accountOf(ledger: Ledger, chargeId: string): Account {
  const account = ledger.account(chargeId);
  if (account === undefined) throw notFound('charge');
  return account;
}

export function viewCharge(account: Account): ChargeView {
  return {
    ...account.charge,
    state: stateOf(account),
    transactions: account.transactions,
    refunds: account.refunds,
    callbacks: account.callbacks.map(({ eventId, body, state }) => ({ eventId, type: body.type, state })),
  };
}

/** Every movement there ever was, in the order of their time. */
export function billOf(ledger: Ledger): BillLine[] {
  const lines: BillLine[] = [];
  for (const { charge, transactions, refunds } of ledger.all()) {
    for (const transaction of transactions) lines.push(lineOf('CHARGE', charge, transaction));
    for (const refund of refunds) lines.push({ ...lineOf('REFUND', charge, refund), refundId: refund.refundId });
  }
  return lines.sort((a, b) => (a.occurredAt < b.occurredAt ? -1 : Number(a.occurredAt > b.occurredAt)));
}

function lineOf(kind: BillLine['kind'], charge: Charge, movement: Transaction): BillLine {
  const { merchantId, paymentId, orderId, chargeId } = charge;
  const { providerTxnId, amount, currency, occurredAt } = movement;
  return { kind, merchantId, paymentId, orderId, chargeId, providerTxnId, amount, currency, occurredAt };
}
