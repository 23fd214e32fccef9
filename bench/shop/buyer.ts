import { randomInt, randomUUID } from 'node:crypto';
import { request, type ShopUrls } from '@rocketshop/test';
import { buyerId, couponId, COUPONS_PER_BUYER, goodsId, GOODS } from './bench-data.js';
import type { Answer, HttpClient } from './http-client.js';
import type { PaidOrders } from './paid-orders.js';

export interface BuyerEvents {
  onPlaced(latencyMs: number): void;
  /** @param latencyMs from sending POST /orders until the order is PAID */
  onPaid(latencyMs: number): void;
  onRefused(reason: string): void;
}

interface Shop {
  readonly urls: ShopUrls;
  readonly http: HttpClient;
  readonly paidOrders: PaidOrders;
}

const ITEMS_PER_ORDER = 2;
const BALANCE_PER_ORDER = '100';

/** Buys one order after the other: places it, opens its payment, pays at the provider, waits until it is PAID. */
export class Buyer {
  private orders = 0;

  private constructor(
    private readonly index: number,
    private readonly shop: Shop,
    private readonly token: string,
  ) {}

  static async logIn(index: number, shop: Shop): Promise<Buyer> {
    const { status, body } = await request<{ token: string }>(`${shop.urls.user}/demo/token`, {
      method: 'POST',
      body: { userId: buyerId(index) },
    });
    if (status >= 300) throw new Error(`no token for ${buyerId(index)}: ${status} ${JSON.stringify(body)}`);
    return new Buyer(index, shop, body.token);
  }

  async buyUntil(isOver: () => boolean, events: BuyerEvents): Promise<void> {
    while (!isOver()) {
      try {
        await this.buy(events);
      } catch (error) {
        events.onRefused(error instanceof Error ? error.message : String(error));
      }
    }
  }

  private async buy(events: BuyerEvents): Promise<void> {
    const { urls, paidOrders } = this.shop;
    const started = performance.now();
    const order = await this.post(`${urls.order}/orders`, this.cart());
    events.onPlaced(performance.now() - started);
    const orderId = String(order['orderId']);
    const payment = await this.post(`${urls.pay}/payments`, { orderId });
    const paid = paidOrders.paid(orderId);
    await this.post(String(payment['payUrl']), {});
    await paid;
    events.onPaid(performance.now() - started);
  }

  /** Two goods, a coupon and a part from the balance: every service has its share of the order. */
  private cart(): object {
    const first = randomInt(GOODS);
    const items = Array.from({ length: ITEMS_PER_ORDER }, (_, item) => ({
      goodsId: goodsId((first + item) % GOODS),
      quantity: 1,
    }));
    const coupon = this.orders < COUPONS_PER_BUYER ? { couponId: couponId(this.index, this.orders) } : {};
    this.orders += 1;
    return { items, ...coupon, balanceToUse: BALANCE_PER_ORDER };
  }

  private async post(url: string, body: object): Promise<Answer['body']> {
    const headers = { authorization: `Bearer ${this.token}`, 'idempotency-key': `"${randomUUID()}"` };
    const answer = await this.shop.http.post(url, body, headers);
    if (answer.status >= 300) {
      const { pathname } = new URL(url);
      throw new Error(
        `${pathname.split('/').slice(0, 3).join('/')}: ${answer.status} ${JSON.stringify(answer.body['code'] ?? null)}`,
      );
    }
    return answer.body;
  }
}
