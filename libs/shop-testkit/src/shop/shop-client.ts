import { randomUUID } from 'node:crypto';

/** Base URLs of the five services and the payment provider. */
export interface ShopUrls {
  readonly order: string;
  readonly stock: string;
  readonly coupon: string;
  readonly user: string;
  readonly pay: string;
  readonly provider: string;
}

export interface HttpAnswer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface OrderAnswer {
  readonly orderId: string;
  readonly status: string;
  readonly total: string;
  readonly discount: string;
  readonly balanceUsed: string;
  readonly payable: string;
  readonly cancelReason: string | null;
  readonly cancelledBy: string | null;
  /** Set on a problem only, like `detail`. */
  readonly code?: string;
  readonly detail?: string;
}

export interface PaymentAnswer {
  readonly paymentId: string;
  readonly orderId: string;
  readonly status: string;
  readonly amount: string;
  readonly payUrl: string | null;
  readonly refunds?: readonly { readonly status: string; readonly reason: string }[];
  readonly code?: string;
}

export interface Cart {
  readonly items: readonly { readonly goodsId: string; readonly quantity: number }[];
  readonly couponId?: string;
  readonly balanceToUse?: string;
}

/** Tells the payment provider how to pay a charge and call back; see apps/pay-provider. */
export type PayOptions = Readonly<Record<string, unknown>>;

/** A buyer that uses the shop's HTTP interfaces like a browser. */
export class ShopClient {
  private constructor(
    readonly urls: ShopUrls,
    readonly userId: string,
    readonly token: string,
    private readonly timeoutMs?: number,
  ) {}

  /** Gets a token from the demo endpoint. */
  static async logIn(urls: ShopUrls, userId: string): Promise<ShopClient> {
    const answer = await request<{ token: string }>(`${urls.user}/demo/token`, { method: 'POST', body: { userId } });
    if (answer.status >= 300)
      throw new Error(`no token for ${userId}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return new ShopClient(urls, userId, answer.body.token);
  }

  /** Uses a token that the caller has issued. @param timeoutMs limit of each request, see {@link RequestInput} */
  static withToken(urls: ShopUrls, userId: string, token: string, timeoutMs?: number): ShopClient {
    return new ShopClient(urls, userId, token, timeoutMs);
  }

  /** Resets the whole shop to its seed data, where the services run with DEMO_DATA. */
  resetDemo(): Promise<HttpAnswer> {
    return this.send('POST', `${this.urls.order}/demo/reset`);
  }

  placeOrder(cart: Cart, key: string = randomUUID()): Promise<HttpAnswer<OrderAnswer>> {
    return this.send('POST', `${this.urls.order}/orders`, cart, key);
  }

  readOrder(orderId: string): Promise<HttpAnswer<OrderAnswer>> {
    return this.send('GET', `${this.urls.order}/orders/${orderId}`);
  }

  cancelOrder(orderId: string): Promise<HttpAnswer<OrderAnswer>> {
    return this.send('POST', `${this.urls.order}/orders/${orderId}/cancel`);
  }

  openPayment(orderId: string, key: string = randomUUID()): Promise<HttpAnswer<PaymentAnswer>> {
    return this.send('POST', `${this.urls.pay}/payments`, { orderId }, key);
  }

  readPayment(paymentId: string): Promise<HttpAnswer<PaymentAnswer>> {
    return this.send('GET', `${this.urls.pay}/payments/${paymentId}`);
  }

  listPayments(orderId: string): Promise<HttpAnswer<PaymentAnswer[]>> {
    return this.send('GET', `${this.urls.pay}/payments?orderId=${orderId}`);
  }

  async balance(): Promise<bigint> {
    const { body } = await this.send<{ balance: string }>('GET', `${this.urls.user}/balance`);
    return BigInt(body.balance);
  }

  async available(goodsId: string): Promise<number> {
    const { body } = await this.send<{ goodsId: string; available: number }[]>('GET', `${this.urls.stock}/goods`);
    const goods = body.find((candidate) => candidate.goodsId === goodsId);
    if (!goods) throw new Error(`no goods ${goodsId}`);
    return goods.available;
  }

  /** Pays on the provider's page. */
  pay(payment: Pick<PaymentAnswer, 'payUrl'>, options: PayOptions = {}): Promise<HttpAnswer> {
    if (payment.payUrl === null) throw new Error('the payment has no page to pay at');
    return request(payment.payUrl, { method: 'POST', body: options, timeoutMs: this.timeoutMs });
  }

  private send<T>(method: string, url: string, body?: unknown, key?: string): Promise<HttpAnswer<T>> {
    return request(url, {
      method,
      body,
      timeoutMs: this.timeoutMs,
      headers: { authorization: `Bearer ${this.token}`, ...(key ? { 'idempotency-key': `"${key}"` } : {}) },
    });
  }
}

interface RequestInput {
  readonly method: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default 30000 */
  readonly timeoutMs?: number | undefined;
}

export async function request<T = Record<string, unknown>>(url: string, input: RequestInput): Promise<HttpAnswer<T>> {
  const response = await fetch(url, {
    method: input.method,
    headers: { ...(input.body === undefined ? {} : { 'content-type': 'application/json' }), ...input.headers },
    ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
    signal: AbortSignal.timeout(input.timeoutMs ?? 30_000),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : {}) as T };
}
