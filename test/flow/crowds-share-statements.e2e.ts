import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DEMO_COUPONS, DEMO_CURRENCY, DEMO_GOODS, DEMO_USERS } from '@rocketshop/contracts';
import { UseCouponService } from '@rocketshop/coupon';
import { deadlineIn, msUntil } from '@rocketshop/pg';
import { DeductStockService } from '@rocketshop/stock';
import { DeductBalanceService } from '@rocketshop/user';
import { holdLock, until, untilWaiting } from '@rocketshop/shop-testkit';
import {
  deadlocksOf,
  futureDeadline,
  lockRowOf,
  newOrderId,
  PARTICIPANT_NAMES,
  Participants,
  readNumber,
} from '@rocketshop/shop-testkit/in-process';
import type { Participant } from '@rocketshop/shop-testkit/in-process';

let participants: Participants;
beforeAll(async () => {
  participants = await Participants.start();
}, 60_000);
afterEach(() => participants.closeAll());
afterAll(() => participants.stop());

const times = <T>(count: number, work: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => work(index));

/** Calls that come in one turn of the event loop go to the database as one. */
const atOnce = (participant: Participant, orderIds: readonly string[], deadline = futureDeadline()) =>
  Promise.all(orderIds.map((orderId) => participant.deduct(orderId, deadline)));

const transactionsOf = (participant: Participant) =>
  readNumber(participant.database, 'SELECT count(DISTINCT xmin::text) FROM stock_success_log');

describe('deducts of many orders at once', () => {
  it('are one transaction and one update of each goods row, whose version counts every order', async () => {
    const stock = await participants.open('stock');
    expect(await atOnce(stock, times(20, newOrderId))).toEqual(times(20, () => 'ok'));
    expect(await transactionsOf(stock)).toBe(1);
    expect(await stock.taken()).toBe(20 * stock.unit);
    expect(await readNumber(stock.database, `SELECT version FROM goods WHERE goods_id = 'teapot'`)).toBe(20);
  });

  it('of one balance take together what it holds, each with its ledger entries, and not a cent more', async () => {
    const user = await participants.open('user');
    const answers = await atOnce(user, times(7, newOrderId));
    expect(answers.toSorted()).toEqual([...times(3, () => 'BALANCE_TOO_SMALL'), ...times(4, () => 'ok')]);
    expect(await user.taken()).toBe(10_000);
    expect(await readNumber(user.database, `SELECT version FROM accounts WHERE user_id = 'ada'`)).toBe(4);
    const entries = `SELECT count(*) FROM ledger_entries WHERE transaction_id LIKE 'deduct%' AND account`;
    expect(await readNumber(user.database, `${entries} LIKE '%ada%' AND amount = -2500`)).toBe(4);
    expect(await readNumber(user.database, `${entries} NOT LIKE '%ada%' AND amount = 2500`)).toBe(4);
    expect(await readNumber(user.database, 'SELECT sum(amount) FROM ledger_entries')).toBe(0);
  });

  it('of several buyers take from each his own', async () => {
    const user = await participants.open('user');
    const deducts = new DeductBalanceService(user.database);
    const before = await readNumber(user.database, 'SELECT sum(balance) FROM accounts');
    const deduct = (userId: string, amount: string, currency: string = DEMO_CURRENCY) =>
      deducts.deduct({ orderId: newOrderId(), userId, amount, currency }, futureDeadline());
    const { ada, grace } = DEMO_USERS;
    const answers = await Promise.all([deduct(ada, '100'), deduct(grace, '7'), deduct(ada, '20'), deduct(grace, '0')]);
    expect(answers).toEqual(times(4, () => ({ ok: true })));
    expect(await user.taken()).toBe(120);
    expect(await readNumber(user.database, 'SELECT sum(balance) FROM accounts')).toBe(before - 127);
    const unlike = await Promise.all([deduct(ada, '1'), deduct(ada, '1', 'XXX'), deduct('nobody', '1')]);
    expect(unlike.map((answer) => answer.ok)).toEqual([true, false, false]);
    expect(await user.taken()).toBe(121);
  });

  it('of one coupon: one order has it, and who wants another one is not held up', async () => {
    const coupon = await participants.open('coupon');
    const uses = new UseCouponService(coupon.database);
    const use = (couponId: string, discount: string) =>
      uses.use({ orderId: newOrderId(), couponId, userId: DEMO_USERS.ada, discount }, futureDeadline());
    const answers = await Promise.all([
      use(DEMO_COUPONS.adaFive, '500'),
      use(DEMO_COUPONS.adaTwo, '200'),
      use(DEMO_COUPONS.adaFive, '500'),
    ]);
    expect(answers.filter((answer) => answer.ok)).toHaveLength(2);
    expect(answers[1]).toEqual({ ok: true });
    expect(answers).toContainEqual(expect.objectContaining({ ok: false, code: 'COUPON_USED' }));
    expect(await readNumber(coupon.database, 'SELECT count(*) FROM coupon_success_log')).toBe(2);
  });

  it('of a cart that is not to be had take nothing, and all of the others', async () => {
    const stock = await participants.open('stock');
    const deducts = new DeductStockService(stock.database);
    const deduct = (goodsId: string, quantity: number) =>
      deducts.deduct({ orderId: newOrderId(), items: [{ goodsId, quantity }] }, futureDeadline());
    const { teapot, lantern } = DEMO_GOODS;
    const answers = await Promise.all([deduct(teapot, 1), deduct(lantern, 11), deduct(lantern, 2), deduct(teapot, 5)]);
    expect(answers.map((answer) => answer.ok)).toEqual([true, false, true, true]);
    expect(await stock.taken()).toBe(6);
    expect(await readNumber(stock.database, `SELECT available FROM goods WHERE goods_id = 'lantern'`)).toBe(8);
    expect(await readNumber(stock.database, 'SELECT count(*) FROM stock_success_log')).toBe(3);
  });
});

describe.each(PARTICIPANT_NAMES)('%s, asked by orders at once', (name) => {
  it('that were seen before, cancelled before, or are new: tells each its own', async () => {
    const participant = await participants.open(name);
    const [before, cancelled, fresh] = [newOrderId(), newOrderId(), newOrderId()];
    expect(await participant.deduct(before)).toBe('ok');
    await participant.cancel(cancelled);
    const [again, fenced, ...same] = await atOnce(participant, [before, cancelled, before]);
    expect([again, fenced, same]).toEqual(['ok', 'ORDER_FENCED', ['ok']]);
    expect(await participant.taken()).toBe(participant.unit);
    await participant.cancel(before);
    expect(await atOnce(participant, [fresh, before])).toEqual(['ok', 'ORDER_FENCED']);
    expect(await participant.taken()).toBe(participant.unit);
  });

  it('of which one is past its deadline when the lock is let go: takes for the other only', async () => {
    const participant = await participants.open(name);
    const gate = await holdLock(participant.database.pool, lockRowOf(participant));
    const deadline = deadlineIn(500);
    const [late, patient] = [newOrderId(), newOrderId()];
    const answers = Promise.all([participant.deduct(late, deadline), participant.deduct(patient)]);
    await untilWaiting(participant.database.pool, 1);
    // The database reckons the time left from the begin of a transaction, which is a little later.
    await until(() => msUntil(deadline) < -250, { description: 'the deadline to be over' });
    await gate.release();
    expect(await answers).toEqual(['DEADLINE_PASSED', 'ok']);
    expect(await participant.taken()).toBe(participant.unit);
  });

  it('at two replicas: nobody deadlocks', async () => {
    const first = await participants.open(name);
    const second = await participants.replicaOf(first);
    await Promise.all(times(40, (index) => (index % 2 ? first : second).deduct(newOrderId())));
    expect(await deadlocksOf(first.database)).toBe(0);
  });
});
