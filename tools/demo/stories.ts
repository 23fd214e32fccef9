import { randomUUID } from 'node:crypto';
import {
  openPayment,
  place,
  ShopClient,
  teapots,
  until,
  untilPaymentIs,
  untilRefunded,
  untilStatus,
} from '@rocketshop/shop-testkit';
import type { Cart, FaultPoint, ShopUrls } from '@rocketshop/shop-testkit';
import type { ShopControl } from './shop-control.js';

export interface Buyers {
  readonly ada: ShopClient;
  readonly grace: ShopClient;
  readonly linus: ShopClient;
}

interface StoryResult {
  /** What happened, in one line. */
  readonly happened: string;
  /** The time in which the services did not agree about the order, ms. */
  readonly inconsistentMs: number;
}

export interface Story {
  readonly title: string;
  play(buyers: Buyers, control: ShopControl): Promise<StoryResult>;
}

const WAIT_MS = 60_000;
const MS_TO_PAY = 30 * 60_000;
/** An order that nobody pays ends after this time at the latest. */
const unpaidWaitMs = ({ timeScale }: ShopControl) => MS_TO_PAY / timeScale + WAIT_MS;
/** The call that meets the fault is made at once, or never. */
const FAULT_WAIT_MS = 10_000;

export async function logInAll(urls: ShopUrls): Promise<Buyers> {
  const [ada, grace, linus] = await Promise.all([
    ShopClient.logIn(urls, 'ada'),
    ShopClient.logIn(urls, 'grace'),
    ShopClient.logIn(urls, 'linus'),
  ]);
  return { ada, grace, linus };
}

/** Thrown when a story has another outcome than expected. The demo prints it and ends with 1. */
class StoryError extends Error {
  override readonly name = 'StoryError';
}

function expectStatus(what: string, answer: { status: number; body: unknown }, status: number): void {
  if (answer.status === status) return;
  throw new StoryError(`${what} answered ${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`);
}

/** Heals the fault when it has happened and `meanwhile` is over, or when one of the two has failed. */
async function healAfter(faults: FaultPoint, meanwhile: () => Promise<unknown>): Promise<void> {
  try {
    await until(() => faults.hasHappened(), { timeoutMs: FAULT_WAIT_MS, description: 'the fault to happen' });
    await meanwhile();
  } finally {
    await faults.heal();
  }
}

async function refused(buyer: ShopClient, cart: Cart, code: string): Promise<StoryResult> {
  const answer = await buyer.placeOrder(cart);
  expectStatus('POST /orders', answer, 409);
  if (answer.body.code !== code) throw new StoryError(`refused with ${answer.body.code} instead of ${code}`);
  return { happened: `refused: ${code}, nothing was taken`, inconsistentMs: 0 };
}

export const STORIES: readonly Story[] = [
  {
    title: 'ordered with a coupon, and paid',
    async play({ ada }) {
      const order = await place(ada, { ...teapots(2), couponId: 'ada-five' });
      const payment = await openPayment(ada, order.orderId);
      await ada.pay(payment);
      const inconsistentMs = await untilStatus(ada, order.orderId, 'PAID', WAIT_MS);
      return { happened: `CONFIRMED, signed callback, PAID ${order.payable} of ${order.total}`, inconsistentMs };
    },
  },
  {
    title: 'paid from the balance alone',
    async play({ ada }) {
      const order = await place(ada, { ...teapots(1), balanceToUse: '1250' });
      if (order.status !== 'PAID') throw new StoryError(`it is ${order.status}`);
      return { happened: 'PAID at once, there is no payment and no timer', inconsistentMs: 0 };
    },
  },
  {
    title: 'more than there is in stock',
    play: ({ ada }) => refused(ada, { items: [{ goodsId: 'globe', quantity: 6 }] }, 'OUT_OF_STOCK'),
  },
  {
    title: 'a coupon that has expired',
    play: ({ linus }) => refused(linus, { ...teapots(1), couponId: 'linus-expired' }, 'COUPON_EXPIRED'),
  },
  {
    title: 'a balance that is too small',
    play: ({ grace }) => refused(grace, { ...teapots(2), balanceToUse: '2500' }, 'BALANCE_TOO_SMALL'),
  },
  {
    title: 'coupon killed in mid-flow, and back',
    async play({ ada }, control) {
      const before = await ada.available('teapot');
      const coupon = control.faults('coupon');
      await coupon.make({ holdRequest: 'coupon.use-coupon' });
      const placing = ada.placeOrder({ ...teapots(3), couponId: 'ada-two' });
      const [answer] = await Promise.all([placing, healAfter(coupon, () => control.kill('coupon'))]);
      const started = performance.now();
      const { body: meanwhile } = await ada.readOrder(answer.body.orderId);
      await control.start('coupon');
      expectStatus('POST /orders', answer, 410);
      if (meanwhile.status !== 'CANCELLING') throw new StoryError(`it was ${meanwhile.status} while coupon was down`);
      await untilStatus(ada, answer.body.orderId, 'CANCELLED', WAIT_MS);
      const inconsistentMs = elapsed(started);
      if ((await ada.available('teapot')) !== before) throw new StoryError('the stock did not come back');
      return { happened: 'CANCELLING while coupon was down, then CANCELLED; stock given back', inconsistentMs };
    },
  },
  {
    title: 'deducted, but the answer got lost',
    async play({ ada }, control) {
      const before = await ada.available('lantern');
      const stock = control.faults('stock');
      await stock.make({ loseAnswersTo: 'stock.deduct-stock' });
      const started = performance.now();
      const placing = ada.placeOrder({ items: [{ goodsId: 'lantern', quantity: 2 }] });
      const [answer] = await Promise.all([placing, healAfter(stock, () => placing)]);
      expectStatus('POST /orders', answer, 410);
      await untilStatus(ada, answer.body.orderId, 'CANCELLED', WAIT_MS);
      const inconsistentMs = elapsed(started);
      if ((await ada.available('lantern')) !== before) throw new StoryError('the stock did not come back');
      return { happened: 'timed out; the log knew of the deduction, and it was undone', inconsistentMs };
    },
  },
  {
    title: 'nobody pays',
    async play({ grace }, control) {
      const order = await place(grace, teapots(1));
      const inconsistentMs = await untilCancelled(grace, order.orderId, unpaidWaitMs(control));
      const { body } = await grace.readOrder(order.orderId);
      return { happened: `closed by the ${body.cancelledBy}, CANCELLED: ${body.cancelReason}`, inconsistentMs };
    },
  },
  {
    title: 'paid after it was closed',
    async play({ grace }, control) {
      const order = await place(grace, teapots(1));
      const payment = await openPayment(grace, order.orderId);
      await untilStatus(grace, order.orderId, 'CANCELLED', unpaidWaitMs(control));
      const paying = await grace.pay(payment);
      // Pay makes the charge void soon after the close, so this buyer may be too late to lose money.
      if (paying.body['code'] === 'CHARGE_VOID')
        return { happened: 'CANCELLED, its charge is void: the pay page takes no money', inconsistentMs: 0 };
      expectStatus('the pay page', paying, 200);
      const started = performance.now();
      await untilRefunded(grace, payment, 1, WAIT_MS);
      return { happened: 'CANCELLED, then paid at the provider: refunded', inconsistentMs: elapsed(started) };
    },
  },
  {
    title: 'the same callback five times',
    async play({ ada }) {
      const order = await place(ada, teapots(1));
      const payment = await openPayment(ada, order.orderId);
      await ada.pay(payment, { duplicates: 4 });
      const inconsistentMs = await untilStatus(ada, order.orderId, 'PAID', WAIT_MS);
      const { body } = await ada.readPayment(payment.paymentId);
      if (body.refunds?.length) throw new StoryError('a duplicate was taken for a second payment');
      return { happened: 'PAID once', inconsistentMs };
    },
  },
  {
    title: 'the same order request five times at once',
    async play({ ada }) {
      const key = randomUUID();
      const before = await ada.available('globe');
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => ada.placeOrder({ items: [{ goodsId: 'globe', quantity: 1 }] }, key)),
      );
      const ids = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.orderId));
      const busy = answers.filter(({ status }) => status === 409).length;
      const replayed = answers.filter(({ headers }) => headers.has('idempotency-replayed')).length;
      if (ids.size !== 1) throw new StoryError(`${ids.size} orders were made`);
      if ((await ada.available('globe')) !== before - 1) throw new StoryError('not exactly one globe is gone');
      const again = await ada.placeOrder({ items: [{ goodsId: 'globe', quantity: 1 }] }, key);
      if (!ids.has(again.body.orderId)) throw new StoryError('the retry made another order');
      return {
        happened: `one order; ${busy} told to wait, ${replayed} answered again, a retry too`,
        inconsistentMs: 0,
      };
    },
  },
  {
    title: 'broker killed with -9 under way, and back',
    async play({ ada }, control) {
      const order = await place(ada, teapots(1));
      const payment = await openPayment(ada, order.orderId);
      await control.kill('broker');
      await ada.pay(payment);
      const started = performance.now();
      await untilPaymentIs(ada, payment, 'PAID', WAIT_MS);
      await control.start('broker');
      await untilStatus(ada, order.orderId, 'PAID', WAIT_MS);
      return { happened: 'paid while it was down; the outbox kept the message', inconsistentMs: elapsed(started) };
    },
  },
];

const elapsed = (started: number) => Math.round(performance.now() - started);

/** Waits until the timer cancels the order. @returns the time from CANCELLING to CANCELLED, ms */
async function untilCancelled(buyer: ShopClient, orderId: string, timeoutMs: number): Promise<number> {
  await until(async () => (await buyer.readOrder(orderId)).body.status.startsWith('CANCEL'), {
    timeoutMs,
    description: `order ${orderId} to be closed`,
  });
  return untilStatus(buyer, orderId, 'CANCELLED', WAIT_MS);
}
