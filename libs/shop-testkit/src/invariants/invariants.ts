import { compareWithProvider, DIFFERENCE_KINDS } from './compare-with-provider.js';
import type { NetRecord, OrderRecord, ShopRecords } from './shop-records.js';

export interface Invariant {
  /** C1 to C8. */
  readonly id: string;
  readonly says: string;
  /** One sentence for each row that breaks the invariant. */
  readonly violations: readonly string[];
}

type Check = (records: ShopRecords) => string[];

const isLive = (order: OrderRecord | undefined) => order?.status === 'CONFIRMED' || order?.status === 'PAID';

/*
 * The invariants hold when the shop is at rest. An order that is PENDING or CANCELLING breaks C4 only: the other checks skip it,
 * so that one unfinished order is one violation.
 */
const CHECKS: readonly { readonly id: string; readonly says: string; readonly check: Check }[] = [
  { id: 'C1', says: 'every item is on the shelf or in a live order', check: checkStock },
  { id: 'C2', says: 'every cent of every order is accounted for, the ledger sums to zero', check: checkMoney },
  { id: 'C3', says: 'a coupon is used by at most one live order, and free after a cancel', check: checkCoupons },
  { id: 'C4', says: 'every order ended, nothing is left unsent or unrefunded', check: checkEnded },
  { id: 'C5', says: 'one key made one order', check: checkKeys },
  { id: 'C6', says: 'each key keeps the answer that its order deserves', check: checkAnswers },
  { id: 'C7', says: 'versions count every update, so none was lost', check: checkVersions },
  { id: 'C8', says: "the provider's charges less its refunds are what the orders keep", check: checkProvider },
];

/** C8 holds when the provider was not asked: see {@link ShopRecords.provider}. */
export function checkInvariants(records: ShopRecords): Invariant[] {
  return CHECKS.map(({ id, says, check }) => ({ id, says, violations: check(records) }));
}

function byOrder(orders: readonly OrderRecord[]): ReadonlyMap<string, OrderRecord> {
  return new Map(orders.map((order) => [order.order_id, order]));
}

/** A participant must hold exactly what a live order asked for, and nothing for an unknown or cancelled order. */
function compareNet(
  what: string,
  records: ShopRecords,
  net: readonly NetRecord[],
  wanted: ReadonlyMap<string, bigint>,
): string[] {
  const orders = byOrder(records.orders);
  const violations: string[] = [];
  const held = new Map<string, bigint>();
  for (const { order_id, subject, taken, returned } of net) {
    if (returned > taken)
      violations.push(`${what} ${subject} of order ${order_id}: ${taken} taken, ${returned} given back`);
    held.set(`${order_id} ${subject}`, taken - returned);
  }
  for (const [key, amount] of held) {
    const order = orders.get(key.slice(0, key.indexOf(' ')));
    if (order?.status === 'PENDING' || order?.status === 'CANCELLING') continue;
    const expected = isLive(order) ? (wanted.get(key) ?? 0n) : 0n;
    if (amount !== expected)
      violations.push(`${what}, order ${key} (${order?.status ?? 'unknown'}): ${amount} held, ${expected} expected`);
  }
  for (const [key, amount] of wanted) {
    if (amount > 0n && !held.has(key)) violations.push(`${what}, order ${key}: ${amount} expected, nothing was taken`);
  }
  return violations;
}

function checkStock(records: ShopRecords): string[] {
  const orders = byOrder(records.orders);
  const wanted = new Map<string, bigint>();
  for (const { order_id, goods_id, quantity } of records.items) {
    if (isLive(orders.get(order_id))) wanted.set(`${order_id} ${goods_id}`, BigInt(quantity));
  }
  const violations = compareNet('stock', records, records.stockNet, wanted);
  for (const { goods_id, initial_quantity, available } of records.goods) {
    const out = sum(records.stockNet.filter((row) => row.subject === goods_id).map((row) => row.taken - row.returned));
    if (available < 0) violations.push(`${goods_id}: ${available} available`);
    if (BigInt(available) + out !== BigInt(initial_quantity)) {
      violations.push(`${goods_id}: ${available} on the shelf and ${out} sold are not ${initial_quantity}`);
    }
  }
  return violations;
}

function checkMoney(records: ShopRecords): string[] {
  const live = records.orders.filter(isLive);
  const wanted = new Map(
    live
      .filter((order) => order.balance_used > 0n)
      .map((order) => [`${order.order_id} ${order.user_id}`, order.balance_used]),
  );
  const violations = compareNet('balance', records, records.balanceNet, wanted);
  if (records.ledgerSum !== 0n) violations.push(`the ledger sums to ${records.ledgerSum}`);
  for (const { user_id, balance, ledger } of records.accounts) {
    if (balance < 0n) violations.push(`${user_id} has ${balance}`);
    if (balance !== ledger) violations.push(`${user_id} has ${balance}, the ledger entries say ${ledger}`);
  }
  const refunded = new Set(records.refunds.map((refund) => refund.provider_txn_id));
  for (const order of records.orders) {
    if (order.total !== order.discount + order.balance_used + order.payable) {
      violations.push(`order ${order.order_id}: ${order.total} is not the sum of its parts`);
    }
    const paid = records.payments.filter((payment) => payment.order_id === order.order_id && payment.status === 'PAID');
    const kept = paid.filter((payment) => !refunded.has(payment.provider_txn_id ?? ''));
    const keptSum = sum(kept.map((payment) => payment.amount));
    const due = order.status === 'PAID' ? order.payable : 0n;
    // A new payment reaches its order by message. Until then the order is CONFIRMED and this check fails.
    if (keptSum !== due)
      violations.push(`order ${order.order_id} (${order.status}): ${keptSum} paid and kept, ${due} due`);
  }
  return violations;
}

function checkCoupons(records: ShopRecords): string[] {
  const live = records.orders.filter((order) => isLive(order) && order.coupon_id !== null);
  const wanted = new Map(live.map((order) => [`${order.order_id} ${order.coupon_id}`, 1n]));
  const violations = compareNet('coupon', records, records.couponNet, wanted);
  const orders = byOrder(records.orders);
  const users = new Map<string, number>();
  for (const { coupon_id } of live) users.set(coupon_id ?? '', (users.get(coupon_id ?? '') ?? 0) + 1);
  for (const [couponId, count] of users) {
    if (count > 1) violations.push(`coupon ${couponId} is used by ${count} live orders`);
  }
  for (const { coupon_id, order_id } of records.coupons) {
    if (order_id === null) continue;
    const order = orders.get(order_id);
    if (order?.status === 'PENDING' || order?.status === 'CANCELLING') continue;
    if (!isLive(order) || order?.coupon_id !== coupon_id) {
      violations.push(`coupon ${coupon_id} is held by order ${order_id}, which is ${order?.status ?? 'unknown'}`);
    }
  }
  return violations;
}

function checkEnded(records: ShopRecords): string[] {
  const violations: string[] = [];
  for (const { order_id, status, overdue } of records.orders) {
    if (status === 'PENDING' || status === 'CANCELLING') violations.push(`order ${order_id} is still ${status}`);
    else if (overdue) violations.push(`order ${order_id} is still ${status} although its time is over`);
  }
  for (const [service, count] of Object.entries(records.unsent)) {
    if (count > 0) violations.push(`${count} messages of ${service} are not sent yet`);
  }
  for (const refund of records.refunds) {
    if (refund.status !== 'REFUNDED')
      violations.push(`refund ${refund.refund_id} of order ${refund.order_id} is not final`);
  }
  return violations;
}

function checkKeys(records: ShopRecords): string[] {
  const made = new Map<string, string>();
  const violations: string[] = [];
  for (const { order_id, user_id, idempotency_key } of records.orders) {
    const key = `${user_id} ${idempotency_key}`;
    const other = made.get(key);
    if (other) violations.push(`key ${key} made the orders ${other} and ${order_id}`);
    made.set(key, order_id);
  }
  return violations;
}

function checkAnswers(records: ShopRecords): string[] {
  const orders = byOrder(records.orders);
  const violations: string[] = [];
  for (const { resource_id, answer_status, answer_order_id } of records.keys) {
    const order = orders.get(resource_id);
    if (!order) violations.push(`a key names order ${resource_id}, which does not exist`);
    else if (answer_status === null) {
      if (order.status !== 'PENDING') violations.push(`order ${resource_id} is ${order.status}, its key has no answer`);
    } else {
      if (answer_order_id !== resource_id)
        violations.push(`the key of order ${resource_id} answers with ${answer_order_id}`);
      if ((answer_status === 201) !== (order.confirmed_at !== null)) {
        violations.push(`the key of order ${resource_id} (${order.status}) answers ${answer_status}`);
      }
    }
  }
  return violations;
}

/** A reset of the demo is an update without a log row, so the version may be higher than the log. A lower version means a lost update. */
function checkVersions(records: ShopRecords): string[] {
  const violations: string[] = [];
  const updates = (net: readonly NetRecord[], subject: string) =>
    sum(
      net
        .filter((row) => row.subject === subject)
        .map((row) => (row.taken > 0n ? 1n : 0n) + (row.returned > 0n ? 1n : 0n)),
    );
  for (const { goods_id, version } of records.goods) {
    const expected = updates(records.stockNet, goods_id);
    if (version < expected) violations.push(`${goods_id} has version ${version} after ${expected} updates`);
  }
  for (const { user_id, version } of records.accounts) {
    const expected = updates(records.balanceNet, user_id);
    if (version < expected) violations.push(`account ${user_id} has version ${version} after ${expected} updates`);
  }
  return violations;
}

/** C4 finds a refund that is not final. */
function checkProvider(records: ShopRecords): string[] {
  if (!records.provider) return [];
  const differences = compareWithProvider(records, records.provider).filter(({ kind }) => kind !== 'REFUND_OPEN');
  return differences.map(({ kind, text }) => `${text}: ${DIFFERENCE_KINDS[kind]}`);
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
