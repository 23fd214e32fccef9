import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as contracts from '@rocketshop/contracts';
import { checkInvariants, createPool, readShopRecords, ShopClient, ShopSystem } from '@rocketshop/shop-testkit';
import type { ShopRecords, ShopSystemOptions } from '@rocketshop/shop-testkit';
import { Buyer } from './buyer.js';
import type { Told } from './buyer.js';
import { Duplicator } from './duplicator.js';
import { History } from './history.js';
import { Nemesis } from './nemesis.js';
import { REPLICAS } from './plan.js';
import type { Plan } from './plan.js';
import { Random } from './random.js';
import { stockUp } from './stock-up.js';
import { findUntruths } from './truth.js';

export interface CampaignOptions {
  readonly plan: Plan;
  /** Folder for the plan, the history and the output of every program. */
  readonly folder: string;
  /** A new order begins so often, ms. */
  readonly paceMs: number;
  /** How long the shop may take to come to rest when everything is healed, ms. */
  readonly restMs?: number;
  /** More options for the shop: planted bugs, other settings. */
  readonly shop?: Pick<ShopSystemOptions, 'env' | 'nodeArgs'>;
  readonly onProgress?: (text: string) => void;
}

export interface CampaignResult {
  readonly orders: Readonly<Record<string, number>>;
  readonly faults: number;
  readonly copies: number;
  /** From the heal until all invariants held, ms. */
  readonly restedAfterMs: number;
  readonly violations: readonly string[];
}

/** Divides business time: a message that nobody takes is in the DLQ after 5 s, instead of 4 h 46 min. */
const TIME_SCALE = 3600;
const BUYERS_AT_ONCE_MAX = 48;
const PROGRESS_EVERY_MS = 10_000;
const REST_MS = 300_000;
const REST_LOOK_MS = 1_000;

/** An interval of `ms` that TIME_SCALE has divided. */
const scaled = (ms: number): string => String(ms * TIME_SCALE);

const SETTINGS: NonNullable<ShopSystemOptions['env']> = {
  order: {
    RPC_TIMEOUT_MS: '1500',
    FLOW_TIMEOUT_MS: '6000',
    ABANDON_TIMEOUT_MS: '9000',
    // A buyer has so long to pay. It is longer than most faults.
    UNPAID_TIMEOUT_MS: scaled(20_000),
    // Outages leave a queue of answers. Cancels that are repeated faster than it is read make it longer.
    ANSWER_OVERDUE_MS: scaled(8_000),
    SWEEP_INTERVAL_MS: scaled(1_000),
  },
};

/** Plays a plan against a shop of its own, heals it, waits until it is at rest, and checks everything that was promised. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { plan, folder } = options;
  await mkdir(join(folder, 'logs'), { recursive: true });
  await writeFile(join(folder, 'plan.json'), `${JSON.stringify(plan, null, 1)}\n`);
  const history = new History(join(folder, 'history.jsonl'));
  const system = await ShopSystem.start({
    replicas: REPLICAS,
    timeScale: TIME_SCALE,
    gates: true,
    logDir: join(folder, 'logs'),
    ...options.shop,
    env: { ...SETTINGS, ...options.shop?.env, order: { ...SETTINGS.order, ...options.shop?.env?.order } },
  });
  try {
    return await new Campaign(system, history, options).run();
  } finally {
    await system.stop();
    await history.close();
  }
}

class Campaign {
  private readonly nemesis: Nemesis;
  private readonly told: Told[] = [];
  private begun = 0;
  private done = 0;

  constructor(
    private readonly system: ShopSystem,
    private readonly history: History,
    private readonly options: CampaignOptions,
  ) {
    this.nemesis = new Nemesis(system, history);
  }

  async run(): Promise<CampaignResult> {
    const { plan, onProgress = () => undefined } = this.options;
    await stockUp(this.system.databaseUrls);
    const clients = await this.logIn();
    const topics = Object.values(contracts).flatMap((value) =>
      typeof value === 'object' && 'topic' in value && typeof value.topic === 'string' ? [value.topic] : [],
    );
    const duplicator = await Duplicator.start(this.system.namesrvAddr, topics, new Random(plan.seed + 1));
    const timer = setInterval(() => onProgress(this.progress()), PROGRESS_EVERY_MS);
    try {
      const faults = await this.play(clients);
      onProgress(`${this.progress()}; healing`);
      await this.nemesis.heal();
      await faults;
      const healedAt = performance.now();
      const violations = await this.rest();
      const restedAfterMs = Math.round(performance.now() - healedAt);
      onProgress(`at rest after ${(restedAfterMs / 1000).toFixed(1)} s; asking every key again`);
      // Copies that come late must change nothing, and every key keeps its answer.
      await this.askAgain(clients);
      await duplicator.stop();
      // A copy that came last is answered once more, and the answer is on its way.
      await this.rest();
      const records = await this.records();
      violations.push(...violationsOf(records), ...this.untruths(records), ...this.nemesis.failures);
      return {
        orders: countStatuses(records),
        faults: this.nemesis.made,
        copies: duplicator.copies,
        restedAfterMs,
        violations: [...new Set(violations)],
      };
    } finally {
      clearInterval(timer);
      await duplicator.stop();
    }
  }

  private records(): Promise<ShopRecords> {
    return readShopRecords(this.system.databaseUrls, this.system.providerEndpoint);
  }

  private async logIn(): Promise<ReadonlyMap<string, ShopClient[]>> {
    const urls = Array.from({ length: REPLICAS }, (_, replica) => this.system.buyerUrls(replica));
    const users = ['ada', 'grace', 'linus'];
    const clients = users.map(async (user) => {
      const { token } = await ShopClient.logIn(this.system.urls, user);
      return [user, urls.map((replica) => ShopClient.withToken(replica, user, token, BUYER_LIMIT_MS))] as const;
    });
    return new Map(await Promise.all(clients));
  }

  /** Begins the orders at their pace, and each fault when enough orders were begun. @returns the faults, which may go on */
  private async play(clients: ReadonlyMap<string, ShopClient[]>): Promise<Promise<unknown>> {
    const { plan, paceMs } = this.options;
    const faults = [...plan.faults];
    const made: Promise<void>[] = [];
    const playing = new Set<Promise<void>>();
    const begunAt = performance.now();
    for (const order of plan.orders) {
      while (faults[0] !== undefined && faults[0].atOrder <= order.index) made.push(this.nemesis.make(faults.shift()!));
      const buyer = new Buyer(clients.get(order.userId) ?? [], order, this.history);
      this.told.push(buyer.told);
      this.begun++;
      const played = buyer.play().then(() => {
        this.done++;
        playing.delete(played);
      });
      playing.add(played);
      if (playing.size >= BUYERS_AT_ONCE_MAX) await Promise.race(playing);
      const aheadMs = begunAt + (order.index + 1) * paceMs - performance.now();
      if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs));
    }
    await Promise.all(playing);
    return Promise.all(made);
  }

  /** Waits until every invariant holds. @returns what is still violated when the time is over */
  private async rest(): Promise<string[]> {
    const until = performance.now() + (this.options.restMs ?? REST_MS);
    // All records of 2,000 orders are much to read, and the shop needs the processor: it is read only when it may be at rest.
    while ((await this.openOrders()) > 0 && performance.now() < until) await sleep(REST_LOOK_MS);
    for (;;) {
      const records = await this.records();
      const violations = [...violationsOf(records), ...unfinished(records)];
      if (violations.length === 0 || performance.now() > until) return violations;
      await sleep(REST_LOOK_MS);
    }
  }

  private async openOrders(): Promise<number> {
    const pool = createPool(this.system.databaseUrl('order'), { max: 1 });
    try {
      const { rows } = await pool.query<{ open: number }>(
        `SELECT count(*)::int AS open FROM orders WHERE status NOT IN ('PAID', 'CANCELLED')`,
      );
      return rows[0]?.open ?? 0;
    } finally {
      await pool.end();
    }
  }

  private async askAgain(clients: ReadonlyMap<string, ShopClient[]>): Promise<void> {
    const again = this.told.filter(({ plan, placed }) => plan.leavesAfterMs === undefined && placed.length > 0);
    const work = async (): Promise<void> => {
      for (let told = again.pop(); told; told = again.pop()) {
        const buyer = new Buyer(clients.get(told.plan.userId) ?? [], { ...told.plan, twice: false }, this.history);
        // A refusal that is not kept would become a new order now.
        const isKept = told.placed.some(({ status, body }) => status === 201 || body.orderId !== undefined);
        if (!isKept) continue;
        const answer = await buyer.place();
        told.placed.push(...buyer.told.placed);
        if (answer?.status === 201) await buyer.read(answer.body.orderId);
        told.statuses.push(...buyer.told.statuses);
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
  }

  /** With each untruth comes what its buyer saw, so that nobody has to search the history. */
  private untruths(records: ShopRecords): string[] {
    return findUntruths(this.told, records.orders).map(({ order, text }) => {
      const seen = this.history
        .of(order)
        .map(({ at, what, status, code }) => `${at} ms ${what} ${status ?? ''} ${code ?? ''}`);
      return `TRUTH buyer ${order}: ${text}\n    ${seen.slice(-12).join('\n    ')}`;
    });
  }

  private progress(): string {
    const broken = [...this.nemesis.broken].join(', ') || 'nothing';
    const seconds = Math.round(this.history.elapsedMs / 1000);
    return `${seconds} s: ${this.done} of ${this.options.plan.orders.length} buyers done, ${this.nemesis.made} faults made, broken now: ${broken}`;
  }
}

/** A buyer waits so long for one answer, and then asks the other replica. */
const BUYER_LIMIT_MS = 8_000;

const violationsOf = (records: ShopRecords): string[] =>
  checkInvariants(records).flatMap(({ id, violations }) => violations.map((violation) => `${id} ${violation}`));

const unfinished = ({ orders }: ShopRecords): string[] =>
  orders
    .filter(({ status }) => status !== 'PAID' && status !== 'CANCELLED')
    .map(({ order_id, status }) => `END order ${order_id} is ${status}`);

function countStatuses({ orders }: ShopRecords): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of orders) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
