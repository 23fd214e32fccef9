import { randomInt, randomUUID } from 'node:crypto';
import { isSuccess } from '@rocketshop/service-defaults';
import type { JsonClient } from '@rocketshop/service-defaults';
import { request } from '@rocketshop/shop-testkit';
import type { ShopUrls } from '@rocketshop/shop-testkit';
import { buyerId, couponId, COUPONS_PER_BUYER, goodsId, GOODS } from './bench-data.js';
import type { PaidOrders } from './paid-orders.js';

export interface BuyerEvents {
  onPlaced(latencyMs: number): void;
  /** @param latencyMs from the request POST /orders until the order is PAID */
  onPaid(latencyMs: number): void;
  onRefused(reason: string): void;
}

interface Shop {
  readonly urls: ShopUrls;
  readonly http: JsonClient;
  readonly paidOrders: PaidOrders;
}

/** `plain`: one good. `full`: two goods, a coupon and a part from the balance, so that every service takes part. */
export type Cart = 'plain' | 'full';

const ITEMS_OF: Readonly<Record<Cart, number>> = { plain: 1, full: 2 };
const BALANCE_PER_ORDER = '100';

/** Buys one order after the other: places it, opens its payment, pays at the provider and waits until it is PAID. */
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

  async buyUntil(isOver: () => boolean, cart: Cart, events: BuyerEvents): Promise<void> {
    while (!isOver()) {
      try {
        await this.buy(cart, events);
      } catch (error) {
        events.onRefused(error instanceof Error ? error.message : String(error));
      }
    }
  }

  private async buy(cart: Cart, events: BuyerEvents): Promise<void> {
    const { urls, paidOrders } = this.shop;
    const started = performance.now();
    const order = await this.post(`${urls.order}/orders`, this.fill(cart));
    events.onPlaced(performance.now() - started);
    const orderId = String(order['orderId']);
    const payment = await this.post(`${urls.pay}/payments`, { orderId });
    const paid = paidOrders.paid(orderId);
    await this.post(String(payment['payUrl']), {});
    await paid;
    events.onPaid(performance.now() - started);
  }

  private fill(cart: Cart): object {
    const first = randomInt(GOODS);
    const items = Array.from({ length: ITEMS_OF[cart] }, (_, item) => ({
      goodsId: goodsId((first + item) % GOODS),
      quantity: 1,
    }));
    if (cart === 'plain') return { items };
    const coupon = this.orders < COUPONS_PER_BUYER ? { couponId: couponId(this.index, this.orders) } : {};
    this.orders += 1;
    return { items, ...coupon, balanceToUse: BALANCE_PER_ORDER };
  }

  private async post(url: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    const headers = { authorization: `Bearer ${this.token}`, 'idempotency-key': `"${randomUUID()}"` };
    const { status, text } = await this.shop.http.post(url, JSON.stringify(body), headers);
    const answer = (text ? JSON.parse(text) : {}) as Readonly<Record<string, unknown>>;
    if (isSuccess(status)) return answer;
    const { pathname } = new URL(url);
    throw new Error(
      `${pathname.split('/').slice(0, 3).join('/')}: ${status} ${JSON.stringify(answer['code'] ?? null)}`,
    );
  }
}
