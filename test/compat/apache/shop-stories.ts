import {
  until,
  type ApacheRocketmq,
  type Cart,
  type HttpAnswer,
  type OrderAnswer,
  type PaymentAnswer,
  type ShopClient,
} from '@rocketshop/shop-testkit';

/** Longer than a start of Apache RocketMQ's broker with everybody finding it again. */
const WAIT_MS = 90_000;

interface Stage {
  readonly ada: ShopClient;
  readonly grace: ShopClient;
  readonly apache: ApacheRocketmq;
}

interface ShopStory {
  readonly title: string;
  /** @returns what happened; throws when it did not go as told */
  readonly play: (stage: Stage) => Promise<string>;
}

const teapots = (quantity: number): Cart => ({ items: [{ goodsId: 'teapot', quantity }] });

/** What the shop asks of a broker: plain and delayed messages, several groups on a topic, redelivery, a restart. */
export const SHOP_STORIES: readonly ShopStory[] = [
  {
    title: 'ordered and paid',
    async play({ ada }) {
      const order = await place(ada, { ...teapots(2), couponId: 'ada-five' });
      await ada.pay(await openPayment(ada, order));
      return `PAID in ${await untilOrderIs(ada, order, 'PAID')} ms`;
    },
  },
  {
    title: 'cancelled, four compensations',
    async play({ ada }) {
      const [stock, balance] = [await ada.available('teapot'), await ada.balance()];
      const order = await place(ada, { ...teapots(2), couponId: 'ada-two', balanceToUse: '300' });
      expectEqual('stock taken', await ada.available('teapot'), stock - 2);
      await openPayment(ada, order);
      const { status } = await ada.cancelOrder(order.orderId);
      if (status >= 300) throw new Error(`the cancel answered ${status}`);
      const ms = await untilOrderIs(ada, order, 'CANCELLED');
      expectEqual('stock given back', await ada.available('teapot'), stock);
      expectEqual('balance given back', await ada.balance(), balance);
      // The coupon is free again: it can be used for the next order, which is left to its timer.
      await place(ada, { ...teapots(1), couponId: 'ada-two' });
      return `CANCELLED in ${ms} ms when all had answered, everything given back`;
    },
  },
  {
    title: 'closed by its timer',
    async play({ grace }) {
      const order = await place(grace, teapots(1));
      await untilOrderIs(grace, order, 'CANCELLED');
      const { cancelledBy, cancelReason } = (await grace.readOrder(order.orderId)).body;
      expectEqual('closed by', cancelledBy, 'timer');
      return `CANCELLED: ${cancelReason}`;
    },
  },
  {
    title: 'paid after it was closed',
    async play({ grace }) {
      const order = await place(grace, teapots(1));
      const payment = await openPayment(grace, order);
      await untilOrderIs(grace, order, 'CANCELLED');
      await grace.pay(payment);
      await untilPayment(grace, payment, 'refunded', ({ refunds }) =>
        Boolean(refunds?.length === 1 && refunds.every(({ status }) => status === 'REFUNDED')),
      );
      return 'refunded once';
    },
  },
  {
    title: 'the same callback five times',
    async play({ ada }) {
      const order = await place(ada, teapots(1));
      const payment = await openPayment(ada, order);
      await ada.pay(payment, { duplicates: 4 });
      await untilOrderIs(ada, order, 'PAID');
      expectEqual('refunds', (await ada.readPayment(payment.paymentId)).body.refunds?.length ?? 0, 0);
      return 'PAID once, nothing refunded';
    },
  },
  {
    title: 'broker killed and started again',
    async play({ ada, apache }) {
      const order = await place(ada, teapots(1));
      const payment = await openPayment(ada, order);
      await apache.killBroker();
      await ada.pay(payment);
      await untilPayment(ada, payment, 'PAID without a broker', ({ status }) => status === 'PAID');
      await apache.startBroker();
      const ms = await untilOrderIs(ada, order, 'PAID');
      const next = await place(ada, teapots(1));
      await ada.pay(await openPayment(ada, next));
      await untilOrderIs(ada, next, 'PAID');
      return `PAID ${ms} ms after it was back; the next order as ever`;
    },
  },
];

async function place(buyer: ShopClient, cart: Cart): Promise<OrderAnswer> {
  return created('POST /orders', await buyer.placeOrder(cart));
}

async function openPayment(buyer: ShopClient, { orderId }: OrderAnswer): Promise<PaymentAnswer> {
  return created('POST /payments', await buyer.openPayment(orderId));
}

function created<T>(what: string, { status, body }: HttpAnswer<T>): T {
  if (status !== 201) throw new Error(`${what} answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** @returns ms until the order has that status */
async function untilOrderIs(buyer: ShopClient, { orderId }: OrderAnswer, status: string): Promise<number> {
  const started = performance.now();
  let last = '';
  await until(async () => (last = (await buyer.readOrder(orderId)).body.status) === status, {
    timeoutMs: WAIT_MS,
    intervalMs: 25,
    description: `order ${orderId} to be ${status}`,
  }).catch((error: Error) => {
    throw new Error(`${error.message}, it is ${last}`);
  });
  return Math.round(performance.now() - started);
}

async function untilPayment(
  buyer: ShopClient,
  { paymentId }: PaymentAnswer,
  what: string,
  condition: (payment: PaymentAnswer) => boolean,
): Promise<void> {
  await until(async () => condition((await buyer.readPayment(paymentId)).body), {
    timeoutMs: WAIT_MS,
    intervalMs: 25,
    description: `payment ${paymentId} to be ${what}`,
  });
}

function expectEqual<T>(what: string, actual: T, expected: T): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, not ${String(expected)}`);
}
