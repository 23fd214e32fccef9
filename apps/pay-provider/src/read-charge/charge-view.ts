import type { Charge, Transaction } from '../domain/charge.js';
import { stateOf } from '../domain/ledger.js';
import type { Account, Ledger } from '../domain/ledger.js';
import type { BillLine, ChargeLine, ChargeView } from './read-charge.dto.js';

export function viewCharge(account: Account): ChargeView {
  return {
    ...account.charge,
    state: stateOf(account),
    transactions: account.transactions,
    refunds: account.refunds,
    callbacks: account.callbacks.map(({ eventId, body, state }) => ({ eventId, type: body.type, state })),
  };
}

/** The charges that nobody has paid and that nobody has made void. */
export const openChargesOf = (ledger: Ledger): ChargeLine[] =>
  ledger
    .all()
    .filter((account) => stateOf(account) === 'WAITING')
    .map(({ charge: { chargeId, merchantId, paymentId, orderId, amount, currency } }) => ({
      chargeId,
      merchantId,
      paymentId,
      orderId,
      amount,
      currency,
      state: 'WAITING' as const,
    }));

/** Every movement of money, by time. */
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
