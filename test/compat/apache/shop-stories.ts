import { openPayment, place, teapots, untilPaymentIs, untilRefunded, untilStatus } from '@rocketshop/shop-testkit';
import type { ApacheRocketmq, FaultProxy, ShopClient } from '@rocketshop/shop-testkit';

/** This is longer than Apache RocketMQ's broker needs to start and all clients need to find it again. */
const WAIT_MS = 90_000;

interface Stage {
  readonly ada: ShopClient;
  readonly grace: ShopClient;
  readonly apache: ApacheRocketmq;
  /** Pay reaches the payment provider through it. */
  readonly providerGate: FaultProxy;
  /** Where buyers reach the payment provider without the gate. */
  readonly providerUrl: string;
}

interface ShopStory {
  readonly title: string;
  /** @returns what happened. @throws an error when the outcome is another one */
  readonly play: (stage: Stage) => Promise<string>;
}

/** The shop needs all of this from a broker: plain and delayed messages, several groups on a topic, redelivery, a restart. */
export const SHOP_STORIES: readonly ShopStory[] = [
  {
    title: 'ordered and paid',
    async play({ ada }) {
      const order = await place(ada, { ...teapots(2), couponId: 'ada-five' });
      await ada.pay(await openPayment(ada, order.orderId));
      return `PAID in ${await untilStatus(ada, order.orderId, 'PAID', WAIT_MS)} ms`;
    },
  },
  {
    title: 'cancelled, four compensations',
    async play({ ada }) {
      const [stock, balance] = [await ada.available('teapot'), await ada.balance()];
      const order = await place(ada, { ...teapots(2), couponId: 'ada-two', balanceToUse: '300' });
      expectEqual('stock taken', await ada.available('teapot'), stock - 2);
      await openPayment(ada, order.orderId);
      const { status } = await ada.cancelOrder(order.orderId);
      if (status >= 300) throw new Error(`the cancel answered ${status}`);
      const ms = await untilStatus(ada, order.orderId, 'CANCELLED', WAIT_MS);
      expectEqual('stock given back', await ada.available('teapot'), stock);
      expectEqual('balance given back', await ada.balance(), balance);
      // The coupon is free again, so the next order can use it. The timer closes that order.
      await place(ada, { ...teapots(1), couponId: 'ada-two' });
      return `CANCELLED in ${ms} ms when all had answered, everything given back`;
    },
  },
  {
    title: 'closed by its timer',
    async play({ grace }) {
      const order = await place(grace, teapots(1));
      await untilStatus(grace, order.orderId, 'CANCELLED', WAIT_MS);
      const { cancelledBy, cancelReason } = (await grace.readOrder(order.orderId)).body;
      expectEqual('closed by', cancelledBy, 'timer');
      return `CANCELLED: ${cancelReason}`;
    },
  },
  {
    title: 'paid after it was closed',
    async play({ grace, providerGate, providerUrl }) {
      const order = await place(grace, teapots(1));
      const payment = await openPayment(grace, order.orderId);
      const { pathname } = new URL(payment.payUrl ?? '');
      try {
        // Pay cannot make the charge void in time, so the buyer can still pay it.
        providerGate.partition();
        await untilStatus(grace, order.orderId, 'CANCELLED', WAIT_MS);
        const { status } = await grace.pay({ payUrl: `${providerUrl}${pathname}` });
        expectEqual('the pay page answered', status, 200);
      } finally {
        providerGate.heal();
      }
      await untilRefunded(grace, payment, 1, WAIT_MS);
      return 'refunded once';
    },
  },
  {
    title: 'the same callback five times',
    async play({ ada }) {
      const order = await place(ada, teapots(1));
      const payment = await openPayment(ada, order.orderId);
      await ada.pay(payment, { duplicates: 4 });
      await untilStatus(ada, order.orderId, 'PAID', WAIT_MS);
      expectEqual('refunds', (await ada.readPayment(payment.paymentId)).body.refunds?.length ?? 0, 0);
      return 'PAID once, nothing refunded';
    },
  },
  {
    title: 'broker killed and started again',
    async play({ ada, apache }) {
      const order = await place(ada, teapots(1));
      const payment = await openPayment(ada, order.orderId);
      await apache.killBroker();
      await ada.pay(payment);
      await untilPaymentIs(ada, payment, 'PAID', WAIT_MS);
      await apache.startBroker();
      const ms = await untilStatus(ada, order.orderId, 'PAID', WAIT_MS);
      const next = await place(ada, teapots(1));
      await ada.pay(await openPayment(ada, next.orderId));
      await untilStatus(ada, next.orderId, 'PAID', WAIT_MS);
      return `PAID ${ms} ms after it was back; the next order as ever`;
    },
  },
];

function expectEqual<T>(what: string, actual: T, expected: T): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, not ${String(expected)}`);
}
