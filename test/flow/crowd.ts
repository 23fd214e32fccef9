import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createPool, ShopClient, teapots, until } from '@rocketshop/shop-testkit';
import type { ShopSystem } from '@rocketshop/shop-testkit';

/** How long a buyer repeats his request, with the same key. */
const RETRY_FOR_MS = 10_000;
/** The buyer's connection was refused, so that nothing of his request was sent. */
const NOT_SENT = 'NOT_SENT';
const NO_ANSWER = 'NO_ANSWER';
const UNDECIDED = new Set([
  NOT_SENT,
  NO_ANSWER,
  'IDEMPOTENCY_KEY_PENDING',
  'ORDER_NOT_PLACED',
  'ORDER_UNDECIDED',
  'UNAVAILABLE',
]);

/** How an order ended for its buyer. */
export interface Outcome {
  /** Requests that order has got. One that was refused before it was sent does not count: a load balancer hides it. */
  readonly tries: number;
  /** 201, the code of a refusal, or what was heard last when the buyer gave up. */
  readonly answer: string;
  readonly isFinal: boolean;
}

export interface CrowdOptions {
  readonly buyers: number;
  /** Between two orders of a buyer. The stories are about faults: a machine without a free moment would hide them. */
  readonly thinkingMs: number;
  /** Orders that a phase has at least. */
  readonly ordersMin: number;
}

/**
 * Buyers at both replicas of order, on connections that are kept. As a load balancer does, each leaves a replica that refuses his
 * connection or says that it closes it.
 */
export class Crowd {
  private constructor(
    private readonly atReplicas: readonly (readonly ShopClient[])[],
    private readonly options: CrowdOptions,
  ) {}

  /** Fills the shelves too, so that nobody is refused for want of goods. */
  static async gather(system: ShopSystem, options: CrowdOptions): Promise<Crowd> {
    const pool = createPool(system.databaseUrl('stock'), { max: 1 });
    await pool.query('UPDATE goods SET initial_quantity = 100000, available = 100000, version = version + 1');
    await pool.end();
    const atReplicas = [0, 1].map((replica) => {
      const urls = { ...system.urls, order: system.url('order', replica), pay: system.url('pay', replica) };
      return Promise.all(['ada', 'grace', 'linus'].map((user) => ShopClient.logIn(urls, user)));
    });
    return new Crowd(await Promise.all(atReplicas), options);
  }

  /** They buy until `change` is over and they have placed enough orders. */
  async whileBuying(change: () => Promise<void>): Promise<Outcome[]> {
    const { buyers, ordersMin, thinkingMs } = this.options;
    const outcomes: Outcome[] = [];
    let isOver = false;
    const crowd = Array.from({ length: buyers }, async (_, index) => {
      const buyer = new Buyer(this.atReplicas, index);
      while (!isOver || outcomes.length < ordersMin) {
        outcomes.push(await buyer.buy());
        await pause(thinkingMs);
      }
    });
    await until(() => outcomes.length > buyers, { description: 'the crowd to buy' });
    await change().finally(() => (isOver = true));
    await Promise.all(crowd);
    return outcomes;
  }
}

class Buyer {
  private replica: number;

  constructor(
    private readonly atReplicas: readonly (readonly ShopClient[])[],
    private readonly index: number,
  ) {
    this.replica = index % 2;
  }

  async buy(): Promise<Outcome> {
    const key = randomUUID();
    const startedAt = performance.now();
    for (let tries = 1; ; tries++) {
      const answer = await this.ask(key);
      const isFinal = !UNDECIDED.has(answer);
      if (isFinal || performance.now() - startedAt > RETRY_FOR_MS) return { tries, answer, isFinal };
      if (answer === NOT_SENT) tries--;
      else await pause(50);
    }
  }

  private async ask(key: string): Promise<string> {
    try {
      const client = this.atReplicas[this.replica]![this.index % 3]!;
      const { status, body, headers } = await client.placeOrder(teapots(), key);
      if (status >= 500 || headers.get('connection') === 'close') this.replica = 1 - this.replica;
      return status === 201 ? '201' : (body.code ?? String(status));
    } catch (error) {
      this.replica = 1 - this.replica;
      return isRefusedConnection(error as Error) ? NOT_SENT : NO_ANSWER;
    }
  }
}

const isRefusedConnection = ({ cause }: Error): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';

export const unfinished = (outcomes: readonly Outcome[]) => outcomes.filter(({ isFinal }) => !isFinal);
export const otherThan201 = (outcomes: readonly Outcome[]) => outcomes.filter(({ answer }) => answer !== '201');
/** What a clean stop must not cost: a refusal, or a request that a buyer had to repeat. */
export const disturbed = (outcomes: readonly Outcome[]) =>
  outcomes.filter(({ tries, answer }) => tries > 1 || answer !== '201');
