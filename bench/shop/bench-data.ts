import { DEMO_CURRENCY } from '@rocketshop/contracts';
import type { DatabaseUrls } from '@rocketshop/shop-testkit';
import pg from 'pg';

export const GOODS = 100;
export const COUPONS_PER_BUYER = 2_000;
const QUANTITY = 10_000_000;
const UNIT_PRICE = 1_250;
const BALANCE = 1_000_000_000_000;

export const goodsId = (index: number): string => `bench-goods-${index}`;
export const buyerId = (index: number): string => `bench-buyer-${index}`;
export const couponId = (buyer: number, index: number): string => `bench-coupon-${buyer}-${index}`;

/**
 * Inserts goods that do not run out, and for each buyer an account with money and coupons: the demo's data is too small. The
 * services have no interface for this, so the rows go directly into their tables. The ledger gets the opening entries that the
 * user service would write, so that the invariants hold.
 */
export async function insertBenchData(urls: DatabaseUrls, buyers: number): Promise<void> {
  await insert(
    urls.stock,
    `INSERT INTO goods (goods_id, name, unit_price, currency, initial_quantity, available)
     SELECT 'bench-goods-' || n, 'Goods ' || n, $2::bigint, $3::text, $4::int, $4::int
       FROM generate_series(0, $1::int - 1) AS n`,
    [GOODS, UNIT_PRICE, DEMO_CURRENCY, QUANTITY],
  );
  await insert(
    urls.coupon,
    `INSERT INTO coupons (coupon_id, user_id, discount, minimum_total, currency, expires_at)
     SELECT 'bench-coupon-' || b || '-' || n, 'bench-buyer-' || b, 100, 0, $3::text, now() + interval '1 day'
       FROM generate_series(0, $1::int - 1) AS b, generate_series(0, $2::int - 1) AS n`,
    [buyers, COUPONS_PER_BUYER, DEMO_CURRENCY],
  );
  await insert(
    urls.user,
    `WITH buyer AS (INSERT INTO users (user_id, name)
                    SELECT 'bench-buyer-' || n, 'Buyer ' || n FROM generate_series(0, $1::int - 1) AS n
                    RETURNING user_id),
          account AS (INSERT INTO accounts (user_id, currency, balance)
                      SELECT user_id, $2::text, $3::bigint FROM buyer RETURNING user_id)
     INSERT INTO ledger_entries (transaction_id, account, amount, currency)
     SELECT 'opening:' || user_id, side.account, side.amount, $2::text
       FROM account, LATERAL (VALUES ('buyer:' || user_id, $3::bigint), ('shop:opening', -$3::bigint)) AS side (account, amount)`,
    [buyers, DEMO_CURRENCY, BALANCE],
  );
}

async function insert(url: string, statement: string, values: readonly unknown[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement, [...values]);
    // In a shop with so many rows, autovacuum would have analyzed the tables.
    await client.query('ANALYZE');
  } finally {
    await client.end();
  }
}
