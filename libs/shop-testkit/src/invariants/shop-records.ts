import { bigintTypes } from '@rocketshop/pg';
import pg from 'pg';
import { readProviderRecords } from './provider-records.js';
import type { ProviderEndpoint, ProviderRecords } from './provider-records.js';

/** URL of each service's own database. */
export type DatabaseUrls = Readonly<Record<'order' | 'stock' | 'coupon' | 'user' | 'pay', string>>;

export interface OrderRecord {
  readonly order_id: string;
  readonly user_id: string;
  readonly status: 'PENDING' | 'CONFIRMED' | 'PAID' | 'CANCELLING' | 'CANCELLED';
  readonly total: bigint;
  readonly discount: bigint;
  readonly balance_used: bigint;
  readonly payable: bigint;
  readonly coupon_id: string | null;
  readonly idempotency_key: string;
  readonly payment_id: string | null;
  readonly confirmed_at: Date | null;
  /** The due time is over by more than the grace period. */
  readonly overdue: boolean;
}

interface ItemRecord {
  readonly order_id: string;
  readonly goods_id: string;
  readonly quantity: number;
}

interface KeyRecord {
  readonly resource_id: string;
  readonly answer_status: number | null;
  readonly answer_order_id: string | null;
}

interface GoodsRecord {
  readonly goods_id: string;
  readonly initial_quantity: number;
  readonly available: number;
  readonly version: bigint;
}

/** The amounts of one order in a participant's two logs: taken, and given back. */
export interface NetRecord {
  readonly order_id: string;
  readonly subject: string;
  readonly taken: bigint;
  readonly returned: bigint;
}

interface CouponRecord {
  readonly coupon_id: string;
  readonly order_id: string | null;
}

interface AccountRecord {
  readonly user_id: string;
  readonly balance: bigint;
  readonly version: bigint;
  readonly ledger: bigint;
}

export interface PaymentRecord {
  readonly payment_id: string;
  readonly order_id: string;
  readonly status: 'CREATED' | 'PAYING' | 'PAID' | 'CLOSED';
  readonly amount: bigint;
  readonly currency: string;
  readonly provider_txn_id: string | null;
}

export interface RefundRecord {
  readonly refund_id: string;
  readonly order_id: string;
  readonly provider_txn_id: string;
  readonly amount: bigint;
  readonly status: 'REQUESTED' | 'REFUNDED';
}

/** The rows that the invariants need, read once from every service's database. */
export interface ShopRecords {
  readonly orders: readonly OrderRecord[];
  readonly items: readonly ItemRecord[];
  readonly keys: readonly KeyRecord[];
  readonly goods: readonly GoodsRecord[];
  readonly stockNet: readonly NetRecord[];
  readonly coupons: readonly CouponRecord[];
  readonly couponNet: readonly NetRecord[];
  readonly accounts: readonly AccountRecord[];
  readonly balanceNet: readonly NetRecord[];
  readonly ledgerSum: bigint;
  readonly payments: readonly PaymentRecord[];
  readonly refunds: readonly RefundRecord[];
  /** What the payment provider says. Undefined when it was not asked. */
  readonly provider: ProviderRecords | undefined;
  readonly unsent: Readonly<Record<keyof DatabaseUrls, number>>;
}

/** An order may end this long after its due time, since the timer's message may be delivered again or the sweeper may find it. */
const GRACE_SECONDS = 60;

const ORDERS = `SELECT order_id, user_id, status, total, discount, balance_used, payable, coupon_id, idempotency_key,
    payment_id, confirmed_at,
    CASE status WHEN 'PENDING' THEN abandon_at < now() - interval '${GRACE_SECONDS} seconds'
                WHEN 'CONFIRMED' THEN coalesce(close_at < now() - interval '${GRACE_SECONDS} seconds', false)
                ELSE false END AS overdue
  FROM orders`;

const KEYS = `SELECT resource_id, answer_status::int, answer_body ->> 'orderId' AS answer_order_id FROM idempotency_keys`;

const netOf = (log: string, compensation: string, subject: string, amount: string, keys: string) => `
  SELECT s.order_id, s.${subject} AS subject,
         CASE s.outcome WHEN 'DEDUCTED' THEN ${amount} ELSE 0 END::bigint AS taken,
         CASE WHEN c.order_id IS NULL THEN 0 ELSE ${amount} END::bigint AS returned
    FROM ${log} s LEFT JOIN ${compensation} c USING (${keys})`;

const STOCK_NET = netOf('stock_success_log', 'stock_compensation_log', 'goods_id', 's.quantity', 'order_id, goods_id');
const COUPON_NET = `SELECT s.order_id, coalesce(s.coupon_id, '') AS subject,
         CASE s.outcome WHEN 'DEDUCTED' THEN 1 ELSE 0 END::bigint AS taken,
         CASE WHEN c.order_id IS NULL THEN 0 ELSE 1 END::bigint AS returned
    FROM coupon_success_log s LEFT JOIN coupon_compensation_log c USING (order_id)`;
const BALANCE_NET = netOf('balance_success_log', 'balance_compensation_log', 'user_id', 's.amount', 'order_id');

/**
 * Reads each database in one snapshot, and the provider's bill. They are from different moments, so the shop must be at rest.
 * @param endpoint without it, the invariants about the provider's money are not checked
 */
export async function readShopRecords(urls: DatabaseUrls, endpoint?: ProviderEndpoint): Promise<ShopRecords> {
  const [provider, order, stock, coupon, user, pay] = await Promise.all([
    endpoint && readProviderRecords(endpoint),
    snapshot(urls.order, { orders: ORDERS, items: 'SELECT order_id, goods_id, quantity FROM order_items', keys: KEYS }),
    snapshot(urls.stock, { goods: 'SELECT goods_id, initial_quantity, available, version FROM goods', net: STOCK_NET }),
    snapshot(urls.coupon, { coupons: 'SELECT coupon_id, order_id FROM coupons', net: COUPON_NET }),
    snapshot(urls.user, {
      accounts: `SELECT user_id, balance, version,
          (SELECT coalesce(sum(amount), 0)::bigint FROM ledger_entries WHERE account = 'buyer:' || user_id) AS ledger
        FROM accounts`,
      net: BALANCE_NET,
      ledger: 'SELECT coalesce(sum(amount), 0)::bigint AS sum FROM ledger_entries',
    }),
    snapshot(urls.pay, {
      payments: 'SELECT payment_id, order_id, status, amount, currency, provider_txn_id FROM payments',
      refunds: 'SELECT refund_id, order_id, provider_txn_id, amount, status FROM refunds',
    }),
  ]);
  const [ledger] = user.rows.ledger as { sum: bigint }[];
  return {
    orders: order.rows.orders as OrderRecord[],
    items: order.rows.items as ItemRecord[],
    keys: order.rows.keys as KeyRecord[],
    goods: stock.rows.goods as GoodsRecord[],
    stockNet: stock.rows.net as NetRecord[],
    coupons: coupon.rows.coupons as CouponRecord[],
    couponNet: coupon.rows.net as NetRecord[],
    accounts: user.rows.accounts as AccountRecord[],
    balanceNet: user.rows.net as NetRecord[],
    ledgerSum: ledger?.sum ?? 0n,
    payments: pay.rows.payments as PaymentRecord[],
    refunds: pay.rows.refunds as RefundRecord[],
    provider,
    unsent: {
      order: order.unsent,
      stock: stock.unsent,
      coupon: coupon.unsent,
      user: user.unsent,
      pay: pay.unsent,
    },
  };
}

async function snapshot<K extends string>(url: string, queries: Readonly<Record<K, string>>) {
  const client = new pg.Client({ connectionString: url, types: bigintTypes, application_name: 'invariants' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const rows = {} as Record<K, unknown[]>;
    for (const [name, text] of Object.entries(queries) as [K, string][]) rows[name] = (await client.query(text)).rows;
    const { rows: unsent } = await client.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM outbox WHERE sent_at IS NULL',
    );
    return { rows, unsent: unsent[0]?.count ?? 0 };
  } finally {
    await client.end();
  }
}
