import type { BillLine, ProviderRecords } from './provider-records.js';
import type { PaymentRecord, RefundRecord, ShopRecords } from './shop-records.js';

export const DIFFERENCE_KINDS = {
  PAID_THERE_UNKNOWN_HERE: 'the provider has money that pay has not recorded',
  PAID_HERE_UNKNOWN_THERE: 'a payment is PAID by a transaction that the provider does not have',
  REFUNDED_THERE_UNKNOWN_HERE: 'the provider has refunded what pay has not asked for',
  REFUNDED_HERE_UNKNOWN_THERE: 'a refund is final here, and the provider does not have it',
  REFUND_OPEN: 'a refund that the provider has not confirmed',
  AMOUNT_DIFFERS: 'amount, currency or order differ',
  MONEY_NOT_OWED: 'what the provider keeps for us is not what the order keeps',
  ORDER_PAID_BY_NOBODY: 'an order is PAID and no money of it is kept',
  OPEN_CHARGE_OF_CLOSED_PAYMENT: 'a closed payment can still be paid',
  OPEN_CHARGE_UNKNOWN_HERE: 'a charge can be paid that pay does not know',
} as const;

export type DifferenceKind = keyof typeof DIFFERENCE_KINDS;

export interface Difference {
  readonly kind: DifferenceKind;
  /** One sentence about this row. */
  readonly text: string;
}

/** The records of pay, by what the bill names. */
interface Known {
  readonly payments: ReadonlyMap<string, PaymentRecord>;
  readonly paidBy: ReadonlyMap<string | null, PaymentRecord>;
  readonly refundOf: ReadonlyMap<string, RefundRecord>;
  readonly orders: ReadonlyMap<string, ShopRecords['orders'][number]>;
}

/**
 * Compares the provider's bill with the records of pay and order, transaction by transaction: what was charged, less what was refunded,
 * is what the order keeps. All are read at different moments, so the shop must be at rest.
 */
export function compareWithProvider(records: ShopRecords, provider: ProviderRecords): Difference[] {
  const known: Known = {
    payments: new Map(records.payments.map((payment) => [payment.payment_id, payment])),
    paidBy: new Map(records.payments.map((payment) => [payment.provider_txn_id, payment])),
    refundOf: new Map(records.refunds.map((refund) => [refund.provider_txn_id, refund])),
    orders: new Map(records.orders.map((order) => [order.order_id, order])),
  };
  const charges = provider.lines.filter(({ kind }) => kind === 'CHARGE');
  const refunds = provider.lines.filter(({ kind }) => kind === 'REFUND');
  const refundsByTransaction = new Map<string, BillLine[]>();
  for (const refund of refunds) {
    refundsByTransaction.set(refund.providerTxnId, [...(refundsByTransaction.get(refund.providerTxnId) ?? []), refund]);
  }
  return [
    ...charges.flatMap((charge) => compareCharge(charge, refundsByTransaction.get(charge.providerTxnId) ?? [], known)),
    ...refunds.flatMap((refund) => compareRefund(refund, known)),
    ...compareOwnRecords(records, provider, known),
    ...compareOpenCharges(provider, known),
  ];
}

function compareCharge(charge: BillLine, refunds: readonly BillLine[], known: Known): Difference[] {
  const { providerTxnId, paymentId, orderId, currency } = charge;
  const what = `transaction ${providerTxnId} of payment ${paymentId}, order ${orderId}`;
  const paid = known.paidBy.get(providerTxnId);
  const asked = known.refundOf.get(providerTxnId);
  const left = BigInt(charge.amount) - sum(refunds);
  if (!paid && !asked) {
    const status = known.payments.get(paymentId)?.status ?? 'unknown';
    return [
      { kind: 'PAID_THERE_UNKNOWN_HERE', text: `${what}: ${left} ${currency} kept, the payment is ${status} here` },
    ];
  }
  const differences: Difference[] = [];
  const amount = paid?.amount ?? asked?.amount;
  if (amount !== BigInt(charge.amount) || (paid && (paid.currency !== currency || paid.order_id !== orderId)))
    differences.push({ kind: 'AMOUNT_DIFFERS', text: `${what}: ${charge.amount} ${currency} there, ${amount} here` });
  const order = known.orders.get(orderId);
  const isKept = paid?.status === 'PAID' && !asked && order?.status === 'PAID';
  const isPayer = order?.payment_id === null || order?.payment_id === paymentId;
  const owed = isKept && isPayer ? order.payable : 0n;
  // A refund that is under way is a difference of its own.
  if (left !== owed && asked?.status !== 'REQUESTED')
    differences.push({
      kind: 'MONEY_NOT_OWED',
      text: `${what} (${order?.status ?? 'unknown'}): ${left} ${currency} kept, ${owed} owed`,
    });
  return differences;
}

function compareRefund(refund: BillLine, { refundOf }: Known): Difference[] {
  const { refundId, providerTxnId, amount } = refund;
  const own = refundOf.get(providerTxnId);
  const what = `refund ${refundId} of transaction ${providerTxnId}`;
  if (own?.refund_id !== refundId)
    return [{ kind: 'REFUNDED_THERE_UNKNOWN_HERE', text: `${what}: ${amount} given back` }];
  if (own?.amount === BigInt(amount)) return [];
  return [{ kind: 'AMOUNT_DIFFERS', text: `${what}: ${amount} there, ${own?.amount} here` }];
}

function compareOwnRecords({ payments, refunds, orders }: ShopRecords, { lines }: ProviderRecords, known: Known) {
  const differences: Difference[] = [];
  const transactions = new Set(lines.map(({ providerTxnId }) => providerTxnId));
  const refundIds = new Set(lines.map(({ refundId }) => refundId));
  const paid = payments.filter(({ status }) => status === 'PAID');
  for (const { payment_id, order_id, provider_txn_id } of paid) {
    if (transactions.has(provider_txn_id ?? '')) continue;
    const text = `payment ${payment_id} of order ${order_id}: transaction ${provider_txn_id}`;
    differences.push({ kind: 'PAID_HERE_UNKNOWN_THERE', text });
  }
  for (const { refund_id, order_id, status, amount } of refunds) {
    const text = `refund ${refund_id} of order ${order_id}: ${amount}`;
    if (status === 'REQUESTED') differences.push({ kind: 'REFUND_OPEN', text });
    else if (!refundIds.has(refund_id)) differences.push({ kind: 'REFUNDED_HERE_UNKNOWN_THERE', text });
  }
  const paying = new Set(paid.filter((p) => !known.refundOf.has(p.provider_txn_id ?? '')).map((p) => p.order_id));
  for (const { order_id, status, payable } of orders) {
    if (status === 'PAID' && payable > 0n && !paying.has(order_id))
      differences.push({ kind: 'ORDER_PAID_BY_NOBODY', text: `order ${order_id}: ${payable} owed` });
  }
  return differences;
}

function compareOpenCharges({ openCharges }: ProviderRecords, { payments }: Known): Difference[] {
  return openCharges.flatMap(({ paymentId, orderId, amount }): Difference[] => {
    const text = `payment ${paymentId} of order ${orderId}: ${amount}`;
    const payment = payments.get(paymentId);
    if (!payment) return [{ kind: 'OPEN_CHARGE_UNKNOWN_HERE', text }];
    return payment.status === 'CLOSED' ? [{ kind: 'OPEN_CHARGE_OF_CLOSED_PAYMENT', text }] : [];
  });
}

const sum = (lines: readonly BillLine[]): bigint => lines.reduce((total, { amount }) => total + BigInt(amount), 0n);
