import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  checkInvariants,
  openPayment,
  place,
  readShopRecords,
  teapots,
  untilRefunded,
  untilStatus,
} from '@rocketshop/shop-testkit';
import type { ServiceName } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { expectInvariants } from '../support/expect-invariants.js';

jest.setTimeout(60_000);

let shop: InProcessShop;
/** Orders of every kind. The tests plant faults in them. */
const ids = { paid: '', confirmed: '', cancelled: '', transaction: '', refunded: '', refund: '' };
beforeAll(async () => {
  shop = await InProcessShop.start({ env: { order: { UNPAID_TIMEOUT_MS: '100000000' } } });
  const ada = shop.buyer();
  const paid = await place(ada, { ...teapots(2), couponId: 'ada-five', balanceToUse: '700' });
  const payment = await openPayment(ada, paid.orderId);
  await ada.pay(payment, { chargeTwice: true });
  await untilStatus(ada, paid.orderId, 'PAID');
  await untilRefunded(ada, payment);
  const cancelled = await place(ada, { ...teapots(3), couponId: 'ada-two', balanceToUse: '300' });
  await ada.cancelOrder(cancelled.orderId);
  await untilStatus(ada, cancelled.orderId, 'CANCELLED');
  const confirmed = await place(ada, teapots(1));
  Object.assign(ids, { paid: paid.orderId, confirmed: confirmed.orderId, cancelled: cancelled.orderId });
  const [money] = await shop.rows<{ transaction: string; refunded: string; refund: string }>(
    'pay',
    `SELECT payments.provider_txn_id AS transaction, refunds.provider_txn_id AS refunded, refund_id AS refund
       FROM payments JOIN refunds USING (payment_id)`,
  );
  Object.assign(ids, money);
  await expectInvariants(shop);
}, 120_000);
afterAll(async () => {
  await shop.stop();
});

/** A fault: the service, the SQL that plants it, and the SQL that removes it. */
type Plant = readonly [what: string, violates: string, where: ServiceName, plant: string, undo: string];

/** `:paid` and the other names of `ids` are placeholders. */
const PLANTS: readonly Plant[] = [
  [
    'a lost item',
    'C1',
    'stock',
    `UPDATE goods SET available = available - 1 WHERE goods_id = 'teapot'`,
    `UPDATE goods SET available = available + 1 WHERE goods_id = 'teapot'`,
  ],
  [
    'an item out of nothing',
    'C1',
    'stock',
    `UPDATE goods SET available = available + 1 WHERE goods_id = 'teapot'`,
    `UPDATE goods SET available = available - 1 WHERE goods_id = 'teapot'`,
  ],
  [
    'a paid order whose items went back',
    'C1',
    'stock',
    `INSERT INTO stock_compensation_log SELECT (jsonb_populate_record(c, jsonb_build_object('order_id', :paid))).* FROM stock_compensation_log c WHERE order_id = :cancelled`,
    `DELETE FROM stock_compensation_log WHERE order_id = :paid`,
  ],
  [
    'a cancelled order whose items did not',
    'C1',
    'stock',
    `UPDATE stock_compensation_log SET order_id = gen_random_uuid() WHERE order_id = :cancelled`,
    `UPDATE stock_compensation_log SET order_id = :cancelled`,
  ],
  [
    'a cent too many in an account',
    'C2',
    'user',
    `UPDATE accounts SET balance = balance + 1 WHERE user_id = 'ada'`,
    `UPDATE accounts SET balance = balance - 1 WHERE user_id = 'ada'`,
  ],
  [
    'half of a ledger entry',
    'C2',
    'user',
    `UPDATE ledger_entries SET amount = amount + 1 WHERE account = 'buyer:ada' AND amount > 5000`,
    `UPDATE ledger_entries SET amount = amount - 1 WHERE account = 'buyer:ada' AND amount > 5000`,
  ],
  [
    'a cancelled order that kept the balance',
    'C2',
    'user',
    `UPDATE balance_compensation_log SET order_id = gen_random_uuid() WHERE order_id = :cancelled`,
    `UPDATE balance_compensation_log SET order_id = :cancelled`,
  ],
  [
    'a PAID order that nobody paid',
    'C2',
    'order',
    `UPDATE orders SET status = 'PAID' WHERE order_id = :confirmed`,
    `UPDATE orders SET status = 'CONFIRMED' WHERE order_id = :confirmed`,
  ],
  [
    'a payment of another amount',
    'C2',
    'pay',
    `UPDATE payments SET amount = amount - 1 WHERE order_id = :paid`,
    `UPDATE payments SET amount = amount + 1 WHERE order_id = :paid`,
  ],
  [
    'a cancelled order whose payment was kept',
    'C2',
    'pay',
    `UPDATE payments SET order_id = (SELECT order_id FROM payment_orders WHERE order_id = :cancelled) WHERE order_id = :paid`,
    `UPDATE payments SET order_id = :paid`,
  ],
  [
    'a coupon held by a cancelled order',
    'C3',
    'coupon',
    `UPDATE coupons SET order_id = :cancelled WHERE coupon_id = 'ada-two'`,
    `UPDATE coupons SET order_id = NULL WHERE coupon_id = 'ada-two'`,
  ],
  [
    'one coupon of two live orders',
    'C3',
    'order',
    `UPDATE orders SET coupon_id = 'ada-five' WHERE order_id = :confirmed`,
    `UPDATE orders SET coupon_id = NULL WHERE order_id = :confirmed`,
  ],
  [
    'a coupon that a live order used and nobody holds',
    'C3',
    'coupon',
    `DELETE FROM coupon_success_log WHERE order_id = :paid`,
    `INSERT INTO coupon_success_log SELECT (jsonb_populate_record(c, jsonb_build_object('order_id', :paid, 'coupon_id', 'ada-five'))).* FROM coupon_success_log c WHERE order_id = :cancelled`,
  ],
  [
    'an order that is stuck in CANCELLING',
    'C4',
    'order',
    `UPDATE orders SET status = 'CANCELLING' WHERE order_id = :cancelled`,
    `UPDATE orders SET status = 'CANCELLED' WHERE order_id = :cancelled`,
  ],
  [
    'an order that nobody closed',
    'C4',
    'order',
    `UPDATE orders SET close_at = now() - interval '1 hour' WHERE order_id = :confirmed`,
    `UPDATE orders SET close_at = now() + interval '1 day' WHERE order_id = :confirmed`,
  ],
  [
    'a refund that is not final',
    'C4',
    'pay',
    `UPDATE refunds SET status = 'REQUESTED', next_attempt_at = 'infinity'`,
    `UPDATE refunds SET status = 'REFUNDED'`,
  ],
  [
    'one key that made two orders',
    'C5',
    'order',
    `UPDATE orders SET idempotency_key = (SELECT idempotency_key FROM orders WHERE order_id = :paid), cancel_detail = idempotency_key WHERE order_id = :cancelled`,
    `UPDATE orders SET idempotency_key = cancel_detail WHERE order_id = :cancelled`,
  ],
  [
    'a key that answers with another order',
    'C6',
    'order',
    `UPDATE idempotency_keys SET answer_body = json_build_object('orderId', 'other') WHERE resource_id = :confirmed::text`,
    `UPDATE idempotency_keys SET answer_body = json_build_object('orderId', :confirmed) WHERE resource_id = :confirmed::text`,
  ],
  [
    'a key that tells of a refusal, of an order that stands',
    'C6',
    'order',
    `UPDATE idempotency_keys SET answer_status = 409 WHERE resource_id = :confirmed::text`,
    `UPDATE idempotency_keys SET answer_status = 201 WHERE resource_id = :confirmed::text`,
  ],
  [
    'a key of an order that is not there',
    'C6',
    'order',
    `UPDATE idempotency_keys SET resource_id = 'nobody' WHERE resource_id = :paid::text`,
    `UPDATE idempotency_keys SET resource_id = :paid::text WHERE resource_id = 'nobody'`,
  ],
  [
    'a refund that the provider never got',
    'C8',
    'pay',
    `UPDATE refunds SET refund_id = md5(refund_id::text)::uuid, reason = 'LATE'`,
    `UPDATE refunds SET refund_id = :refund, reason = 'DOUBLE'`,
  ],
  [
    'money that pay has forgotten to give back',
    'C8',
    'pay',
    `UPDATE refunds SET provider_txn_id = 'forgotten'`,
    `UPDATE refunds SET provider_txn_id = :refunded`,
  ],
  [
    'money that nobody has told pay of, and the order was cancelled',
    'C8',
    'pay',
    `UPDATE payments SET status = 'CLOSED', provider_txn_id = NULL, next_poll_at = NULL WHERE order_id = :paid`,
    `UPDATE payments SET status = 'PAID', provider_txn_id = :transaction WHERE order_id = :paid`,
  ],
  [
    'a payment that is PAID by no money of the provider',
    'C8',
    'pay',
    `UPDATE payments SET provider_txn_id = 'invented' WHERE order_id = :paid`,
    `UPDATE payments SET provider_txn_id = :transaction WHERE order_id = :paid`,
  ],
  [
    'an order that is CANCELLED and whose money is kept',
    'C8',
    'order',
    `UPDATE orders SET status = 'CANCELLED' WHERE order_id = :paid`,
    `UPDATE orders SET status = 'PAID' WHERE order_id = :paid`,
  ],
  [
    'an update of goods that was lost',
    'C7',
    'stock',
    `UPDATE goods SET version = version - 3 WHERE goods_id = 'teapot'`,
    `UPDATE goods SET version = version + 3 WHERE goods_id = 'teapot'`,
  ],
  [
    'an update of an account that was lost',
    'C7',
    'user',
    `UPDATE accounts SET version = 0 WHERE user_id = 'ada'`,
    `UPDATE accounts SET version = 3 WHERE user_id = 'ada'`,
  ],
];

const broken = async () =>
  checkInvariants(await readShopRecords(shop.databaseUrls, shop.providerEndpoint))
    .filter(({ violations }) => violations.length > 0)
    .map(({ id }) => id);
const run = (where: ServiceName, sql: string) =>
  shop.rows(
    where,
    sql.replaceAll(
      /(?<!:):(paid|confirmed|cancelled|transaction|refunded|refund)\b/g,
      (_all, name: keyof typeof ids) => `'${ids[name]}'`,
    ),
  );

describe('the checker of the invariants', () => {
  it.each(PLANTS)('finds %s: %s', async (_what, id, where, plant, undo) => {
    expect(await broken()).toEqual([]);
    await run(where, plant);
    try {
      expect(await broken()).toContain(id);
    } finally {
      await run(where, undo);
    }
    expect(await broken()).toEqual([]);
  });

  it('finds a message that was never sent: C4', async () => {
    await run(
      'stock',
      `INSERT INTO outbox (order_key, topic, payload, headers, sent_at) VALUES ('k', 'no topic', '{}', '{}', NULL)`,
    );
    expect(await broken()).toContain('C4');
    await run('stock', `DELETE FROM outbox WHERE order_key = 'k'`);
  });

  it('names the order and what is wrong with it', async () => {
    await run('order', `UPDATE orders SET status = 'PAID' WHERE order_id = :confirmed`);
    const [violation] = checkInvariants(await readShopRecords(shop.databaseUrls, shop.providerEndpoint)).flatMap(
      (check) => check.violations,
    );
    expect(violation).toBe(`order ${ids.confirmed} (PAID): 0 paid and kept, 1250 due`);
    await run('order', `UPDATE orders SET status = 'CONFIRMED' WHERE order_id = :confirmed`);
  });
});
