import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  createPool,
  FaultProxy,
  killAt,
  place,
  openPayment,
  request,
  ShopClient,
  teapots,
  until,
  untilPaymentIs,
  untilStatus,
  whenPassing,
} from '@rocketshop/shop-testkit';
import type { Cart, PaymentAnswer, ServiceName, ShopSystem } from '@rocketshop/shop-testkit';
import type { OpenOrder } from './fixture.js';

const WITH_EVERYTHING: Cart = { ...teapots(2), couponId: 'ada-two', balanceToUse: '100' };
const WITH_BALANCE: Cart = { ...teapots(), balanceToUse: '100' };
const CANCELLED = ['CANCELLED'] as const;

/**
 * Brings orders into every state in which a version can stop, and leaves the shop with all services killed. The order of the steps
 * matters: a participant that is needed later is killed later.
 */
export class OpenOrders {
  readonly left: OpenOrder[] = [];
  private readonly carts = new Map<string, Cart>();
  private readonly ada: ShopClient;
  private readonly grace: ShopClient;

  private constructor(
    private readonly system: ShopSystem,
    private readonly storeDir: string,
    private readonly provider: FaultProxy,
    buyers: readonly [ShopClient, ShopClient],
  ) {
    [this.ada, this.grace] = buyers;
  }

  /** @param system with the proxies of stock and user, and with the broker's delays so short that its ladder takes no time */
  static async leave(system: ShopSystem, storeDir: string): Promise<OpenOrder[]> {
    const provider = await FaultProxy.start({ port: system.port('pay-provider.http') });
    const logIn = (user: string) => ShopClient.logIn(system.urls, user);
    const orders = new OpenOrders(system, storeDir, provider, [await logIn('ada'), await logIn('grace')]);
    try {
      await orders.leaveDeadLetter();
      await orders.restart('broker', { TIME_SCALE: '1' });
      // Buyers pay at the provider itself, whatever lies between it and pay.
      await orders.restart('pay-provider', { PUBLIC_URL: system.urls.provider });
      await orders.leaveEnded();
      await orders.leavePayments();
      // From the refunds on, pay does not reach the provider. So this payment is opened before.
      const toPay = await orders.place(teapots());
      const payment = await openPayment(orders.ada, toPay.orderId);
      await orders.leaveRefunds();
      await orders.leavePending();
      await orders.leaveCancelling();
      await orders.leaveUntold(toPay, payment);
      return orders.left;
    } finally {
      await provider.stop();
    }
  }

  /** The message to user is in the DLQ; the row in order waits for its answer. */
  private async leaveDeadLetter(): Promise<void> {
    const { orderId, key } = await this.place(WITH_BALANCE);
    await this.whileUserFails(async () => {
      await this.ada.cancelOrder(orderId);
      await this.untilStored('%DLQ%user-return-balance');
    });
    await this.untilAnswers(orderId, 3);
    this.keep('cancelling, the message to user is in the DLQ', orderId, key, 201, 'CANCELLING', CANCELLED);
  }

  private async leaveEnded(): Promise<void> {
    const paid = await this.place(teapots());
    await this.ada.pay(await openPayment(this.ada, paid.orderId));
    await untilStatus(this.ada, paid.orderId, 'PAID');
    this.keep('paid', paid.orderId, paid.key, 201, 'PAID', ['PAID']);

    const cancelled = await this.place({ ...WITH_EVERYTHING, couponId: 'ada-five' });
    await this.ada.cancelOrder(cancelled.orderId);
    await untilStatus(this.ada, cancelled.orderId, 'CANCELLED');
    this.keep('cancelled', cancelled.orderId, cancelled.key, 201, 'CANCELLED', CANCELLED);

    const key = randomUUID();
    this.system
      .proxy('stock')
      .use(({ direction, bytes }) =>
        direction === 'request' && bytes.includes('stock.deduct-stock') ? 'cut' : 'pass',
      );
    const { status, body } = await this.ada.placeOrder(teapots(), key);
    this.system.proxy('stock').heal();
    await untilStatus(this.ada, body.orderId, 'CANCELLED');
    this.keep('undone by its flow', body.orderId, key, status, 'CANCELLED', CANCELLED);
  }

  private async leavePayments(): Promise<void> {
    const unpaid = await this.place(teapots());
    this.keep('confirmed', unpaid.orderId, unpaid.key, 201, 'CONFIRMED', CANCELLED);
    const waiting = await this.place(teapots());
    this.keep('confirmed, and its buyer pays after the upgrade', waiting.orderId, waiting.key, 201, 'CONFIRMED', [
      'PAID',
    ]);

    const paying = await this.place(teapots());
    await openPayment(this.ada, paying.orderId);
    this.keep('its payment is PAYING', paying.orderId, paying.key, 201, 'CONFIRMED', CANCELLED);

    const silent = await this.place(teapots());
    await this.ada.pay(await openPayment(this.ada, silent.orderId), { silent: true });
    this.keep('paid at the provider, which never told', silent.orderId, silent.key, 201, 'CONFIRMED', [
      'PAID',
      'CANCELLED',
    ]);

    const without = await this.place(teapots());
    await this.system.killProgram('pay-provider');
    await this.ada.openPayment(without.orderId);
    await this.system.startProgram('pay-provider', 0, { PUBLIC_URL: this.system.urls.provider });
    this.keep('its payment is CREATED without a charge', without.orderId, without.key, 201, 'CONFIRMED', CANCELLED);

    await this.restart('pay', { PROVIDER_URL: `http://127.0.0.1:${this.provider.port}` });
    const unheard = await this.place(teapots());
    this.provider.loseAnswers();
    await this.ada.openPayment(unheard.orderId);
    this.provider.heal();
    this.keep(
      'its payment is CREATED, pay never heard of the charge',
      unheard.orderId,
      unheard.key,
      201,
      'CONFIRMED',
      CANCELLED,
    );
  }

  /** Pay asks for refunds at a provider that it does not reach. */
  private async leaveRefunds(): Promise<void> {
    const twice = await this.place(teapots(), this.grace);
    const charged = await openPayment(this.grace, twice.orderId);
    const late = await this.place(teapots(), this.grace);
    const closed = await openPayment(this.grace, late.orderId);
    await this.grace.pay(closed, { silent: true });

    this.provider.partition();
    await this.grace.pay(charged, { chargeTwice: true });
    await this.untilRefundOf(charged);
    await untilStatus(this.grace, twice.orderId, 'PAID');
    this.keep('charged twice, the refund is requested', twice.orderId, twice.key, 201, 'PAID', ['PAID'], 'grace');

    await this.grace.cancelOrder(late.orderId);
    await untilStatus(this.grace, late.orderId, 'CANCELLED');
    await request(`${this.system.urls.provider}/provider/charges/${chargeOf(closed)}/callbacks`, { method: 'POST' });
    await this.untilRefundOf(closed);
    this.keep('paid too late, the refund is requested', late.orderId, late.key, 201, 'CANCELLED', CANCELLED, 'grace');
  }

  private async leavePending(): Promise<void> {
    await this.leavePendingAt('before it took goods', 'stock', 'stock.deduct-stock', 'request');
    await this.leavePendingAt('after it took goods', 'stock', 'stock.deduct-stock', 'answer');
    await this.leavePendingAt('after it took everything', 'user', 'user.deduct-balance', 'answer');
  }

  private async leavePendingAt(
    when: string,
    service: 'stock' | 'user',
    text: string,
    direction: 'request' | 'answer',
  ): Promise<void> {
    const key = randomUUID();
    const kill = killAt(
      this.system.proxy(service),
      () => this.system.killProgram('order'),
      whenPassing(text, direction),
    );
    await this.ada.placeOrder(WITH_BALANCE, key).catch(() => undefined);
    await kill.done;
    this.system.proxy(service).heal();
    const [row] = await this.rows<{ id: string }>(
      'order',
      'SELECT order_id AS id FROM orders WHERE idempotency_key = $1',
      [key],
    );
    this.carts.set(row?.id ?? '', WITH_BALANCE);
    await this.system.startProgram('order');
    this.keep(`pending, order died ${when}`, row?.id ?? '', key, null, 'PENDING', CANCELLED);
  }

  private async leaveCancelling(): Promise<void> {
    const carts = [WITH_BALANCE, WITH_EVERYTHING, WITH_BALANCE, WITH_BALANCE, WITH_BALANCE, teapots()];
    const placed = [];
    for (const cart of carts) placed.push(await this.place(cart));
    const [retried, unsaid, three, two, one, none] = placed as [Placed, Placed, Placed, Placed, Placed, Placed];
    const cancelling = async ({ orderId, key }: Placed, name: string, answers: number): Promise<void> => {
      await this.ada.cancelOrder(orderId);
      await this.untilAnswers(orderId, answers);
      this.keep(`cancelling, ${name}`, orderId, key, 201, 'CANCELLING', CANCELLED);
    };
    await this.rows('coupon', WITHHOLD);
    await cancelling(unsaid, "coupon's answer is unsent in its outbox", 3);
    await this.whileUserFails(async () => {
      await cancelling(retried, 'the message to user is in retry', 2);
      // The first retry comes after 10 s, on the third level of the ladder.
      await this.untilStored('SCHEDULE_TOPIC_XXXX/2');
      await this.system.killProgram('user');
    });
    await cancelling(three, 'user has not answered, coupon neither', 2);
    await this.system.killProgram('coupon');
    await this.rows('coupon', RELEASE);
    await cancelling(two, 'user and coupon have not answered', 2);
    await this.system.killProgram('stock');
    await cancelling(one, 'pay alone has answered', 1);
    await this.system.killProgram('broker');
    await cancelling(none, 'nobody has heard of it', 0);
  }

  /** The broker is away. */
  private async leaveUntold({ orderId, key }: Placed, payment: PaymentAnswer): Promise<void> {
    await this.ada.pay(payment);
    await untilPaymentIs(this.ada, payment, 'PAID');
    this.keep('paid, the message to order is unsent', orderId, key, 201, 'CONFIRMED', ['PAID']);
    await this.system.killProgram('order');
    await this.system.killProgram('pay');
  }

  private async restart(
    program: 'broker' | 'pay' | 'pay-provider',
    env: Readonly<Record<string, string>>,
  ): Promise<void> {
    await this.system.killProgram(program);
    await this.system.startProgram(program, 0, env);
  }

  private async place(cart: Cart, buyer = this.ada): Promise<Placed> {
    const key = randomUUID();
    const { orderId } = await place(buyer, cart, key);
    this.carts.set(orderId, cart);
    return { orderId, key };
  }

  private keep(
    name: string,
    orderId: string,
    key: string,
    answered: number | null,
    status: string,
    ends: readonly string[],
    buyer = 'ada',
  ): void {
    this.left.push({ name, buyer, orderId, key, cart: this.carts.get(orderId) ?? teapots(), answered, status, ends });
  }

  /** Every message that user consumes meanwhile fails: a table that its handler needs has another name. */
  private async whileUserFails(work: () => Promise<void>): Promise<void> {
    await this.rows('user', 'ALTER TABLE balance_compensation_log RENAME TO set_aside');
    await work();
    await this.rows('user', 'ALTER TABLE set_aside RENAME TO balance_compensation_log');
  }

  private async untilStored(queue: string): Promise<void> {
    const path = join(this.storeDir, 'consumequeue', queue);
    await until(() => existsSync(path), { timeoutMs: 60_000, description: `a message in ${queue}` });
  }

  private async untilAnswers(orderId: string, count: number): Promise<void> {
    const sql = 'SELECT participant FROM order_compensations WHERE order_id = $1';
    await until(async () => (await this.rows('order', sql, [orderId])).length === count, {
      timeoutMs: 60_000,
      description: `${count} answers to the cancel of ${orderId}`,
    });
  }

  private async untilRefundOf({ paymentId }: PaymentAnswer): Promise<void> {
    const sql = `SELECT refund_id FROM refunds WHERE payment_id = $1 AND status = 'REQUESTED' AND attempts > 0`;
    await until(async () => (await this.rows('pay', sql, [paymentId])).length === 1, {
      timeoutMs: 60_000,
      description: `a refund of ${paymentId} to be tried`,
    });
  }

  private async rows<T>(service: ServiceName, sql: string, values: readonly unknown[] = []): Promise<T[]> {
    const pool = createPool(this.system.databaseUrl(service), { max: 1 });
    try {
      return (await pool.query(sql, [...values])).rows as T[];
    } finally {
      await pool.end();
    }
  }
}

interface Placed {
  readonly orderId: string;
  readonly key: string;
}

const chargeOf = ({ payUrl }: PaymentAnswer): string => /charges\/([^/?]+)/.exec(payUrl ?? '')?.[1] ?? '';

/* A row counts as sent at once, so the relay never sends it. RELEASE makes it unsent again. */
const WITHHOLD = `CREATE FUNCTION withhold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW.sent_at := 'epoch'; RETURN NEW; END $$;
  CREATE TRIGGER withhold BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION withhold()`;
const RELEASE = `DROP TRIGGER withhold ON outbox; DROP FUNCTION withhold();
  UPDATE outbox SET sent_at = NULL WHERE sent_at = 'epoch'`;
