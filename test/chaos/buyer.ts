import type { HttpAnswer, OrderAnswer, PaymentAnswer, ShopClient } from '@rocketshop/shop-testkit';
import type { History } from './history.js';
import type { PlannedOrder } from './plan.js';

/** A buyer repeats a request until it is decided, but not longer than this. */
const GIVE_UP_AFTER_MS = 90_000;
const PAUSE_MS = 150;

/** What a buyer was told. The checks compare it with the rows. */
export interface Told {
  readonly plan: PlannedOrder;
  /** The decided answers to POST /orders: all of them have the same key. */
  readonly placed: HttpAnswer<OrderAnswer>[];
  /** Answers to cancels: 202, or the code of a refusal. */
  readonly cancels: string[];
  /** Statuses that he has read of his order. */
  readonly statuses: string[];
  /** The provider has said that his money was taken. */
  hasPaid: boolean;
}

/** True when the same request can have no other answer later. */
function isDecided({ status, body }: HttpAnswer<OrderAnswer>): boolean {
  const { code = '' } = body;
  if (['IDEMPOTENCY_KEY_PENDING', 'ORDER_NOT_PLACED', 'ORDER_UNDECIDED'].includes(code)) return false;
  if (status === 201) return true;
  // An answer that names an order is kept with its key. A quote's refusal names none and is not kept.
  return body.orderId !== undefined || (status >= 400 && status < 500 && ![408, 425, 429].includes(status));
}

/** Plays one planned order. It asks another replica with every attempt. */
export class Buyer {
  readonly told: Told;
  private attempt: number;

  constructor(
    private readonly clients: readonly ShopClient[],
    private readonly plan: PlannedOrder,
    private readonly history: History,
  ) {
    this.attempt = plan.replica;
    this.told = { plan, placed: [], cancels: [], statuses: [], hasPaid: false };
  }

  async play(): Promise<void> {
    const { leavesAfterMs, ending } = this.plan;
    if (leavesAfterMs !== undefined) return this.leave(leavesAfterMs);
    const placed = await this.place();
    if (placed?.status !== 201) return;
    const { orderId } = placed.body;
    if (ending === 'pay') await this.pay(orderId);
    if (ending === 'cancel') await this.cancel(orderId);
    if (ending === 'pay and cancel') await Promise.all([this.pay(orderId), this.cancel(orderId)]);
    await this.read(orderId);
  }

  /** Places the order, or asks again with its key. @returns undefined when the buyer has given up */
  async place(): Promise<HttpAnswer<OrderAnswer> | undefined> {
    const { cart, key, twice } = this.plan;
    const ask = (client: ShopClient) => this.ask('place', () => client.placeOrder(cart, key));
    return this.repeat(async (client, other) => {
      const answers = await Promise.all(twice ? [ask(client), ask(other)] : [ask(client)]);
      const decided = answers.filter(
        (answer) => answer !== undefined && isDecided(answer),
      ) as HttpAnswer<OrderAnswer>[];
      this.told.placed.push(...decided);
      return decided[0];
    });
  }

  async read(orderId: string): Promise<string | undefined> {
    const answer = await this.repeat(async (client) => {
      const read = await this.ask('read', () => client.readOrder(orderId));
      return read?.status === 200 ? read : undefined;
    });
    if (answer) this.told.statuses.push(answer.body.status);
    return answer?.body.status;
  }

  private async pay(orderId: string): Promise<void> {
    const opened = await this.repeat(async (client) => {
      const answer = await this.ask<PaymentAnswer>('open payment', () => client.openPayment(orderId, this.plan.key));
      return answer?.status === 201 || answer?.status === 409 || answer?.status === 422 ? answer : undefined;
    });
    if (opened?.status !== 201 || !opened.body.payUrl) return;
    const paid = await this.repeat(async (client) => {
      const answer = await this.ask('pay', () => client.pay(opened.body, this.plan.payOptions));
      return answer && answer.status < 500 ? answer : undefined;
    });
    if (paid && paid.status < 300) this.told.hasPaid = true;
  }

  private async cancel(orderId: string): Promise<void> {
    const answer = await this.repeat(async (client) => {
      const cancelled = await this.ask('cancel', () => client.cancelOrder(orderId));
      return cancelled && cancelled.status < 500 ? cancelled : undefined;
    });
    if (answer) this.told.cancels.push(answer.status === 202 ? '202' : (answer.body.code ?? String(answer.status)));
  }

  /** Sends one request and leaves before its answer. */
  private async leave(afterMs: number): Promise<void> {
    const client = this.clients[this.plan.replica % this.clients.length];
    const asked = client?.placeOrder(this.plan.cart, this.plan.key).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    this.history.add({ order: this.plan.index, what: 'leaves' });
    // The connection itself ends with the limit of the client. Nobody reads the answer.
    void asked;
  }

  private async ask<T extends { code?: string; orderId?: string }>(
    what: string,
    send: () => Promise<HttpAnswer<T>>,
  ): Promise<HttpAnswer<T> | undefined> {
    try {
      const answer = await send();
      const { code, orderId } = answer.body;
      this.history.add({ order: this.plan.index, what, status: answer.status, code, orderId });
      return answer;
    } catch (error) {
      this.history.add({ order: this.plan.index, what, detail: textOf(error) });
      return undefined;
    }
  }

  private async repeat<T>(
    attempt: (client: ShopClient, other: ShopClient) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const until = performance.now() + GIVE_UP_AFTER_MS;
    while (performance.now() < until) {
      const [client, other] = [this.clientOf(this.attempt), this.clientOf(this.attempt + 1)];
      this.attempt++;
      const answer = await attempt(client, other);
      if (answer !== undefined) return answer;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    this.history.add({ order: this.plan.index, what: 'has given up' });
    return undefined;
  }

  private clientOf(attempt: number): ShopClient {
    const client = this.clients[attempt % this.clients.length];
    if (!client) throw new Error('a buyer needs a client');
    return client;
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
