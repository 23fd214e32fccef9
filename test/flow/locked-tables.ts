import type { ServiceName } from '@rocketshop/shop-testkit';

/** Rows of one table that somebody holds, for example a person in psql who has forgotten the COMMIT. */
export interface HeldRows {
  readonly service: ServiceName;
  readonly table: string;
  /** Takes the lock. $1 is the ids of orders. */
  readonly lock: string;
  /** How many orders of the buyer have their rows held. */
  readonly orders: number;
}

interface Rows {
  readonly table: string;
  readonly where: string;
  /** @default 1 */
  readonly orders?: number;
}

/** More orders than a service of this shop has connections for requests. */
const CROWD = 6;

const OF_ORDERS = 'order_id = ANY ($1::uuid[])';
const OF_KEYS = 'order_key = ANY ($1::text[])';
const OF_MESSAGES = `split_part(business_key, ':', 2) = ANY ($1::text[])`;
/** Rows that belong to no order. */
const also = (condition: string): string => `${condition} AND $1::text[] IS NOT NULL`;

/** Every service has these. */
const OF_EACH: readonly Rows[] = [
  { table: 'outbox', where: OF_KEYS },
  { table: 'outbox_leases', where: also('shard < 3') },
  { table: 'outbox_relays', where: also('true') },
  { table: 'consumed_messages', where: OF_MESSAGES },
];

const ROWS: Readonly<Record<ServiceName, readonly Rows[]>> = {
  order: [
    { table: 'orders', where: OF_ORDERS, orders: CROWD },
    { table: 'order_items', where: OF_ORDERS },
    { table: 'order_compensations', where: OF_ORDERS },
    { table: 'idempotency_keys', where: 'resource_id = ANY ($1::text[])' },
    { table: 'installation', where: also('true') },
  ],
  stock: [
    { table: 'goods', where: also(`goods_id = 'lantern'`), orders: CROWD },
    { table: 'stock_success_log', where: OF_ORDERS },
    { table: 'stock_compensation_log', where: OF_ORDERS },
  ],
  coupon: [
    { table: 'coupons', where: also(`coupon_id = 'ada-five'`) },
    { table: 'coupon_success_log', where: OF_ORDERS },
    { table: 'coupon_compensation_log', where: OF_ORDERS },
  ],
  user: [
    { table: 'users', where: also(`user_id = 'ada'`) },
    { table: 'accounts', where: also(`user_id = 'ada'`), orders: CROWD },
    { table: 'ledger_entries', where: also(`account = 'buyer:ada'`) },
    { table: 'balance_success_log', where: OF_ORDERS },
    { table: 'balance_compensation_log', where: OF_ORDERS },
  ],
  pay: [
    { table: 'payment_orders', where: OF_ORDERS, orders: CROWD },
    { table: 'payments', where: OF_ORDERS },
    { table: 'payment_events', where: `body->>'orderId' = ANY ($1::text[])` },
    { table: 'payment_event_conflicts', where: also('true') },
    { table: 'rejected_callbacks', where: also('true') },
    { table: 'refunds', where: OF_ORDERS },
    { table: 'idempotency_keys', where: also('true') },
    { table: 'installation', where: also('true') },
  ],
};

const ALL: readonly HeldRows[] = Object.entries(ROWS).flatMap(([service, own]) =>
  [...own, ...OF_EACH].map(({ table, where, orders }) => ({
    service: service as ServiceName,
    table,
    lock: `SELECT FROM ${table} WHERE ${where} FOR UPDATE`,
    orders: orders ?? 1,
  })),
);

/**
 * Rows of every table of every service, in groups that are held at the same time. A relay whose row is held loses its shards and takes
 * them again, which it cannot where their rows are held too.
 */
export const HELD_ROWS: readonly (readonly HeldRows[])[] = [
  ALL.filter(({ table }) => table !== 'outbox_relays'),
  ALL.filter(({ table }) => table === 'outbox_relays'),
];
