import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DeductBalanceService, ResetDemoService } from '@rocketshop/user';
import { futureDeadline, newOrderId, Participants, readNumber } from '@rocketshop/shop-testkit/in-process';
import type { Participant } from '@rocketshop/shop-testkit/in-process';

let participants: Participants;
let user: Participant;
let replica: Participant;
let deducts: DeductBalanceService[];
beforeAll(async () => {
  participants = await Participants.start();
}, 60_000);
afterEach(() => participants.closeAll());
afterAll(() => participants.stop());
beforeEach(async () => {
  user = await participants.open('user');
  replica = await participants.replicaOf(user);
  deducts = [user, replica].map(({ database }) => new DeductBalanceService(database));
});

const take = (userId: string, amount: string, index = 0, currency = 'EUR') =>
  deducts[index % deducts.length]!.deduct({ orderId: newOrderId(), userId, amount, currency }, futureDeadline());
const balanceOf = (userId: string) =>
  readNumber(user.database, 'SELECT balance FROM accounts WHERE user_id = $1', [userId]);

describe('the balance and its ledger', () => {
  /** After every story: no money was made or lost, and every balance is the sum of its ledger entries. */
  afterEach(async () => {
    const { database } = user;
    expect(await readNumber(database, 'SELECT coalesce(sum(amount), 0) FROM ledger_entries')).toBe(0);
    expect(
      await readNumber(
        database,
        `SELECT count(*) FROM (SELECT FROM ledger_entries GROUP BY transaction_id HAVING sum(amount) <> 0 OR count(*) <> 2) t`,
      ),
    ).toBe(0);
    expect(
      await readNumber(
        database,
        `SELECT count(*) FROM accounts
         WHERE balance <> (SELECT coalesce(sum(amount), 0) FROM ledger_entries WHERE account = 'buyer:' || user_id)`,
      ),
    ).toBe(0);
  });

  it('pays as many of fifty orders at once as it covers, and never goes below zero', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => take('ada', '300', index)));
    expect(answers.filter((answer) => answer.ok)).toHaveLength(33);
    expect(answers.filter((answer) => !answer.ok && answer.code === 'BALANCE_TOO_SMALL')).toHaveLength(17);
    expect(await balanceOf('ada')).toBe(100);
    expect(await readNumber(user.database, `SELECT version FROM accounts WHERE user_id = 'ada'`)).toBe(33);
  });

  it('can be spent to the last cent', async () => {
    expect(await take('grace', '2000')).toEqual({ ok: true });
    expect(await balanceOf('grace')).toBe(0);
    expect(await take('grace', '1')).toMatchObject({ ok: false, code: 'BALANCE_TOO_SMALL' });
  });

  it('takes nothing for an order that asks for nothing, and undoes that as well', async () => {
    expect(await take('linus', '0')).toEqual({ ok: true });
    expect(await balanceOf('linus')).toBe(0);
  });

  it('refuses a buyer it does not know, and another currency', async () => {
    expect(await take('nobody', '1')).toMatchObject({ ok: false, code: 'USER_NOT_FOUND' });
    expect(await take('ada', '1', 0, 'USD')).toMatchObject({ ok: false, code: 'BALANCE_WRONG_CURRENCY' });
    expect(await readNumber(user.database, 'SELECT count(*) FROM balance_success_log')).toBe(0);
  });

  it('comes back once however often the cancel is delivered, with one pair of entries', async () => {
    const order = newOrderId();
    await user.deduct(order);
    await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? user : replica).cancel(order)));
    expect(await user.taken()).toBe(0);
    const entries = 'SELECT count(*) FROM ledger_entries WHERE transaction_id = $1';
    expect(await readNumber(user.database, entries, [`return:${order}`])).toBe(2);
  });

  it('comes back from several cancelled orders at once, with every version counted', async () => {
    const orders = Array.from({ length: 4 }, newOrderId);
    await Promise.all(orders.map((order) => user.deduct(order)));
    expect(await balanceOf('ada')).toBe(0);
    await Promise.all(orders.map((order, index) => (index % 2 ? user : replica).cancel(order)));
    expect(await balanceOf('ada')).toBe(10_000);
    expect(await readNumber(user.database, `SELECT version FROM accounts WHERE user_id = 'ada'`)).toBe(8);
  });

  it('refuses entries that do not sum to zero, whoever writes them', async () => {
    const half = `INSERT INTO ledger_entries (transaction_id, account, amount, currency) VALUES ('gift', 'buyer:ada', 1, 'EUR')`;
    await expect(user.database.pool.query(half)).rejects.toThrow('must sum to zero');
  });

  it('is put back as it was seeded, ledger and all', async () => {
    await take('ada', '700');
    await take('grace', '2000');
    const reset = new ResetDemoService(user.database, { demoData: true });
    expect(await reset.reset()).toEqual({ ok: true });
    expect([await balanceOf('ada'), await balanceOf('grace'), await balanceOf('linus')]).toEqual([10_000, 2_000, 0]);
    const off = new ResetDemoService(user.database, { demoData: false });
    expect(await off.reset()).toMatchObject({ ok: false, code: 'DEMO_DATA_OFF' });
  });
});
