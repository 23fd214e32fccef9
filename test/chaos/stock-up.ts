import { createPool, SERVICES } from '@rocketshop/shop-testkit';
import type { DatabaseUrls, ServiceName } from '@rocketshop/shop-testkit';
import { COUPONS_PER_USER } from './plan.js';

/*
 * The demo data is too small for thousands of orders. The statements keep the invariants: what is added is added to the initial
 * quantity too, and to both sides of the ledger. They run before the first order.
 */
const STATEMENTS: Partial<Record<ServiceName, readonly string[]>> = {
  stock: [
    `UPDATE goods SET initial_quantity = initial_quantity + 100000, available = available + 100000, version = version + 1`,
  ],
  coupon: [
    `INSERT INTO coupons (coupon_id, user_id, discount, minimum_total, currency, expires_at)
     SELECT user_id || '-chaos-' || number, user_id, 100, 0, 'EUR', 'infinity'
     FROM unnest(ARRAY['ada', 'grace', 'linus']) AS user_id, generate_series(1, ${COUPONS_PER_USER}) AS number`,
  ],
  user: [
    `UPDATE accounts SET balance = balance + 1000000, version = version + 1`,
    `INSERT INTO ledger_entries (transaction_id, account, amount, currency)
     SELECT 'chaos:' || user_id, account, amount, currency FROM accounts,
       LATERAL (VALUES ('buyer:' || user_id, 1000000), ('shop:chaos', -1000000)) AS entry (account, amount)`,
  ],
};

/** Gives the shop goods, coupons and money for a long run. */
export async function stockUp(urls: DatabaseUrls): Promise<void> {
  for (const service of SERVICES) {
    const pool = createPool(urls[service], { max: 1 });
    try {
      for (const statement of STATEMENTS[service] ?? []) await pool.query(statement);
    } finally {
      await pool.end();
    }
  }
}
