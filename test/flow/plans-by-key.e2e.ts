import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Database } from '@rocketshop/service-defaults';
import type { PoolClient } from 'pg';
import { openPayment, place, SERVICES, teapots, untilStatus } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';

jest.setTimeout(60_000);

let shop: InProcessShop;
beforeAll(async () => {
  shop = await InProcessShop.start();
}, 120_000);
afterAll(() => shop.stop());

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PlanNode[];
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** The statements that a service has prepared, each with its plan in that service's own session. */
async function preparedPlans({ pool, batchPools }: Database): Promise<Map<string, PlanNode[]>> {
  const clients: PoolClient[] = await Promise.all(
    [pool, ...batchPools.all].flatMap((one) => Array.from({ length: one.totalCount }, () => one.connect())),
  );
  const plans = new Map<string, PlanNode[]>();
  for (const client of clients) {
    const { rows } = await client.query<{ name: string; statement: string }>(
      `SELECT name, statement FROM pg_prepared_statements WHERE statement ~ '^(WITH|SELECT|INSERT|UPDATE)'`,
    );
    for (const { name, statement } of rows) {
      const explained = await client.query<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }>(
        `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${statement}`,
      );
      plans.set(
        name,
        explained.rows.flatMap((row) => row['QUERY PLAN'].flatMap(({ Plan }) => nodesOf(Plan))),
      );
    }
    client.release();
  }
  return plans;
}

/** Right for the ten rows there are, and wrong for the ten million there will be, with the plan kept from the first day. */
const readsAll = ({ 'Node Type': type, 'Index Cond': condition }: PlanNode): boolean =>
  ['Seq Scan', 'Hash Join', 'Merge Join'].includes(type) || (type.includes('Index') && condition === undefined);

/** What is wrong with the plans of all services, and whose plans were looked at. */
async function inspectPlans(): Promise<{ readonly wrong: string[]; readonly seen: string[] }> {
  const [wrong, seen]: [string[], string[]] = [[], []];
  for (const service of SERVICES) {
    for (const [name, nodes] of await preparedPlans(shop.part(service, Database))) {
      seen.push(name);
      const whole = nodes.filter(readsAll).map((node) => `${node['Node Type']} ${node['Relation Name'] ?? ''}`.trim());
      wrong.push(...whole.map((what) => `${service}, ${name}: ${what}`));
    }
  }
  return { wrong, seen };
}

it('no hot statement reads a table or an index whole, as small as those of these stories are', async () => {
  const ada = shop.buyer();
  const order = await place(ada, { ...teapots(), couponId: 'ada-five', balanceToUse: '100' });
  await ada.pay(await openPayment(ada, order.orderId));
  await untilStatus(ada, order.orderId, 'PAID');

  const { wrong, seen } = await inspectPlans();
  expect(wrong).toEqual([]);
  const ofOrder = ['insert-order', 'confirm-order', 'record-payment', 'read-payable', 'idempotency-answer-key'];
  const ofOthers = ['read-goods', 'take-goods', 'take-coupon', 'take-balance', 'insert-payment'];
  expect(seen).toEqual(expect.arrayContaining([...ofOrder, ...ofOthers, 'pay-payment']));

  // As few rows as PostgreSQL analyzes a table for by itself.
  const orders = await Promise.all(Array.from({ length: 60 }, () => place(ada)));
  await Promise.all(orders.map(({ orderId }) => openPayment(ada, orderId)));
  await Promise.all(SERVICES.map((service) => shop.pools[service].query('ANALYZE')));
  expect((await inspectPlans()).wrong).toEqual([]);
});
