import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import {
  checkInvariants,
  installedPostgres,
  readShopRecords,
  SERVICES,
  ShopSystem,
  until,
} from '@rocketshop/shop-testkit';
import type { Invariant, ShopRecords, ShopSystemOptions } from '@rocketshop/shop-testkit';
import { JsonClient } from '@rocketshop/service-defaults';
import { profileArgs } from '../measure/profile.js';
import { Histogram } from '../measure/histogram.js';
import type { LatencySummary } from '../measure/histogram.js';
import { percent, shortNumber, textTable } from '../measure/text-table.js';
import { insertBenchData } from './bench-data.js';
import { Buyer } from './buyer.js';
import type { Cart } from './buyer.js';
import { PaidOrders } from './paid-orders.js';
import { ShopUsage } from './shop-usage.js';
import type { ProcessUsage } from './shop-usage.js';

export interface ShopBenchOptions {
  /** The numbers of buyers. Each is measured after the other. */
  readonly buyers: readonly number[];
  /**
   * Orders that are bought before the first measurement. V8 compiles a service during many thousand calls, and until then an
   * order costs two or three times as much CPU.
   */
  readonly warmUpOrders: number;
  /** The warm-up ends after this time even when it has fewer orders. */
  readonly warmUpMsMax: number;
  readonly measureMs: number;
  readonly profileDir: string | undefined;
}

interface ShopBenchRow {
  readonly cart: Cart;
  readonly buyers: number;
  readonly ordersPerSecond: number;
  readonly placed: LatencySummary;
  readonly paid: LatencySummary;
  readonly refusals: Readonly<Record<string, number>>;
  readonly usage: readonly ProcessUsage[];
}

export interface ShopBenchOutcome {
  readonly rows: readonly ShopBenchRow[];
  readonly invariants: readonly Invariant[];
  readonly hasFailures: boolean;
}

/** Holds for the largest number of buyers. Fewer buyers wait most of the time, so they measure latency and not throughput. */
const FLOOR_ORDERS_PER_SECOND = 200;
const CARTS: readonly Cart[] = ['plain', 'full'];
const CALL_TIMEOUT_MS = 30_000;
/** The time until the buyers of a row are spread over all stages of an order. */
const SETTLE_MS = 3_000;
const REST_LIMIT_MS = 60_000;

export async function runShopBench(options: ShopBenchOptions): Promise<ShopBenchOutcome> {
  const postgresBinDir = installedPostgres();
  const postgres = postgresBinDir === undefined ? "the npm package's PostgreSQL" : versionOf(postgresBinDir);
  console.log(`\nshop: ${postgres} with fsync, broker SYNC_FLUSH, one process a service, time not scaled`);
  console.log('closed loop; an order is placed, its payment opened, paid at the provider, called back and seen PAID');
  console.log('plain: one good of 100; full: two goods, a coupon and a part from the balance\n');
  const system = await ShopSystem.start({
    timeScale: 1,
    flushDiskType: 'SYNC_FLUSH',
    postgresBinDir,
    ...profiled(options),
  });
  try {
    const most = Math.max(...options.buyers);
    await insertBenchData(system.databaseUrls, most);
    const paidOrders = await PaidOrders.watch(system.databaseUrl('order'));
    const http = new JsonClient({ timeoutMs: CALL_TIMEOUT_MS, connectionsMax: most });
    const shop = { urls: system.urls, http, paidOrders };
    const all = await Promise.all(Array.from({ length: most }, (_, index) => Buyer.logIn(index, shop)));
    await warmUp(all, options);
    const rows: ShopBenchRow[] = [];
    for (const count of options.buyers) {
      const floor = count === most ? FLOOR_ORDERS_PER_SECOND : 0;
      for (const cart of CARTS) rows.push(report(await runRow(system, all.slice(0, count), cart, options), floor));
    }
    const invariants = await invariantsAtRest(system);
    await http.close();
    await paidOrders.close();
    return { rows, invariants, hasFailures: invariants.some(({ violations }) => violations.length > 0) };
  } finally {
    await system.stop();
  }
}

async function warmUp(buyers: readonly Buyer[], { warmUpOrders, warmUpMsMax }: ShopBenchOptions): Promise<void> {
  const started = performance.now();
  let orders = 0;
  const isOver = (): boolean => orders >= warmUpOrders || performance.now() - started >= warmUpMsMax;
  let refusals = 0;
  const events = { onPlaced: () => undefined, onPaid: () => (orders += 1), onRefused: () => (refusals += 1) };
  await Promise.all(buyers.map((buyer) => buyer.buyUntil(isOver, 'full', events)));
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`warm-up: ${orders} orders in ${seconds} s, ${refusals} refused\n`);
}

function isAtRest({ orders, payments, unsent }: ShopRecords): boolean {
  const paid = new Set(payments.filter(({ status }) => status === 'PAID').map((payment) => payment.order_id));
  const isUnderWay = ({ status, order_id: orderId }: ShopRecords['orders'][number]): boolean =>
    status === 'PENDING' || status === 'CANCELLING' || (status === 'CONFIRMED' && paid.has(orderId));
  return !orders.some(isUnderWay) && Object.values(unsent).every((count) => count === 0);
}

async function runRow(
  system: ShopSystem,
  buyers: readonly Buyer[],
  cart: Cart,
  options: ShopBenchOptions,
): Promise<ShopBenchRow> {
  let placed = new Histogram();
  let paid = new Histogram();
  const refusals: Record<string, number> = {};
  let isOver = false;
  const events = {
    onPlaced: (latencyMs: number) => placed.record(latencyMs),
    onPaid: (latencyMs: number) => paid.record(latencyMs),
    onRefused: (reason: string) => {
      refusals[reason] = (refusals[reason] ?? 0) + 1;
    },
  };
  const buying = Promise.all(buyers.map((buyer) => buyer.buyUntil(() => isOver, cart, events)));
  await pause(SETTLE_MS);
  [placed, paid] = [new Histogram(), new Histogram()];
  const usage = new ShopUsage(system);
  const started = performance.now();
  await pause(options.measureMs);
  const orders = paid.count;
  const row = {
    cart,
    buyers: buyers.length,
    ordersPerSecond: (orders * 1000) / (performance.now() - started),
    placed: placed.summary(),
    paid: paid.summary(),
    refusals,
    usage: usage.end(orders),
  };
  isOver = true;
  await buying;
  return row;
}

/**
 * Waits until the shop is at rest and checks the invariants. At rest, every outbox is sent, no order is between two states,
 * and every order with a payment is PAID. An order whose payment was refused stays CONFIRMED for half an hour; that is rest too.
 */
async function invariantsAtRest(system: ShopSystem): Promise<Invariant[]> {
  const records = await until(
    async () => {
      const found = await readShopRecords(system.databaseUrls, system.providerEndpoint);
      return isAtRest(found) && found;
    },
    { timeoutMs: REST_LIMIT_MS, intervalMs: 500, description: 'the shop to be at rest' },
  );
  const invariants = checkInvariants(records);
  console.log(`\ninvariants over ${records.orders.length} orders`);
  for (const { id, says, violations } of invariants) {
    console.log(`  ${id} ${violations.length === 0 ? 'holds   ' : 'VIOLATED'} ${says}`);
    for (const violation of violations.slice(0, 5)) console.log(`       ${violation}`);
  }
  return invariants;
}

function report(row: ShopBenchRow, floor: number): ShopBenchRow {
  const isBelow = row.ordersPerSecond < floor;
  const latency = ({ p50, p99, p999 }: LatencySummary): string[] => [p50, p99, p999].map(shortNumber);
  console.log(
    `${row.buyers} buyers, ${row.cart} orders: ${row.ordersPerSecond.toFixed(0)} orders/s placed and paid` +
      (isBelow ? `  BELOW FLOOR (${floor})` : ''),
  );
  const latencies = [
    ['POST /orders', ...latency(row.placed)],
    ['placed to PAID', ...latency(row.paid)],
  ];
  console.log(`${textTable(['ms', 'p50', 'p99', 'p99.9'], latencies)}\n`);
  const usage = row.usage.map(({ name, cpu, microsPerOrder, anonymousMiB }) => [
    name,
    percent(cpu),
    shortNumber(microsPerOrder),
    shortNumber(anonymousMiB),
  ]);
  const totals = [row.usage.map(({ cpu }) => cpu), row.usage.map(({ microsPerOrder }) => microsPerOrder)].map(sum);
  usage.push(['together', percent(totals[0] ?? 0), shortNumber(totals[1] ?? 0), '']);
  console.log(`${textTable(['process', 'CPU', 'us/order', 'anon MiB'], usage)}\n`);
  for (const [reason, count] of Object.entries(row.refusals)) console.log(`  refused ${count} x ${reason}`);
  return row;
}

function profiled({ profileDir }: ShopBenchOptions): Pick<ShopSystemOptions, 'nodeArgs'> {
  if (profileDir === undefined) return {};
  const programs = [...SERVICES, 'pay-provider', 'broker'];
  return { nodeArgs: Object.fromEntries(programs.map((name) => [name, profileArgs(join(profileDir, name))])) };
}

const versionOf = (binDir: string): string =>
  execFileSync(join(binDir, 'postgres'), ['--version'], { encoding: 'utf8' }).trim();

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
