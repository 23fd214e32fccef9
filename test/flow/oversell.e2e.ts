import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DeductStockService } from '@rocketshop/stock';
import { holdLock, untilWaiting } from '@rocketshop/shop-testkit';
import { deadlocksOf, futureDeadline, newOrderId, Participants, readNumber } from '@rocketshop/shop-testkit/in-process';
import type { Participant } from '@rocketshop/shop-testkit/in-process';

let participants: Participants;
let stock: Participant;
let services: DeductStockService[];
beforeAll(async () => {
  participants = await Participants.start();
}, 60_000);
afterEach(() => participants.closeAll());
afterAll(() => participants.stop());
beforeEach(async () => {
  stock = await participants.open('stock');
  const replica = await participants.replicaOf(stock);
  services = [new DeductStockService(stock.database), new DeductStockService(replica.database)];
});

const deduct = (index: number, items: { goodsId: string; quantity: number }[]) =>
  services[index % services.length]!.deduct({ orderId: newOrderId(), items }, futureDeadline());
const available = (goodsId: string) =>
  readNumber(stock.database, 'SELECT available FROM goods WHERE goods_id = $1', [goodsId]);
const crowd = <T>(size: number, buy: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: size }, (_, index) => buy(index)));

describe('a crowd in front of scarce goods', () => {
  it('gets exactly the ten lanterns there are, and the other 190 are told that there are none', async () => {
    const answers = await crowd(200, (index) => deduct(index, [{ goodsId: 'lantern', quantity: 1 }]));
    expect(answers.filter((answer) => answer.ok)).toHaveLength(10);
    expect(answers.filter((answer) => !answer.ok && answer.code === 'OUT_OF_STOCK')).toHaveLength(190);
    expect(await available('lantern')).toBe(0);
    expect(await readNumber(stock.database, 'SELECT count(*) FROM stock_success_log')).toBe(10);
    expect(await readNumber(stock.database, `SELECT version FROM goods WHERE goods_id = 'lantern'`)).toBe(10);
  });

  it('can buy the last piece', async () => {
    expect(await deduct(0, [{ goodsId: 'globe', quantity: 4 }])).toEqual({ ok: true });
    expect(await deduct(1, [{ goodsId: 'globe', quantity: 1 }])).toEqual({ ok: true });
    expect(await available('globe')).toBe(0);
  });

  it('cannot buy one more than there is, and takes nothing of the rest of such a cart', async () => {
    const answer = await deduct(0, [
      { goodsId: 'teapot', quantity: 1 },
      { goodsId: 'globe', quantity: 6 },
    ]);
    expect(answer).toMatchObject({ ok: false, code: 'OUT_OF_STOCK', detail: expect.stringContaining('6 of globe') });
    expect(await available('teapot')).toBe(100);
    expect(await readNumber(stock.database, 'SELECT count(*) FROM stock_success_log')).toBe(0);
  });

  it('is told which goods there are not', async () => {
    const answer = await deduct(0, [
      { goodsId: 'unicorn', quantity: 1 },
      { goodsId: 'teapot', quantity: 1 },
    ]);
    expect(answer).toMatchObject({ ok: false, code: 'GOODS_NOT_FOUND', detail: expect.stringContaining('unicorn') });
    expect(await available('teapot')).toBe(100);
  });

  it('locks the goods in sorted order, whatever the order of the carts', async () => {
    const carts = [
      ['teapot', 'globe'],
      ['lantern', 'teapot'],
    ].map((ids) => ids.map((goodsId) => ({ goodsId, quantity: 1 })));
    for (const [held, locked] of [
      ['globe', []],
      ['lantern', ['globe']],
      ['teapot', ['globe', 'lantern']],
    ] as const) {
      const gate = await holdLock(stock.database.pool, `SELECT FROM goods WHERE goods_id = '${held}' FOR UPDATE`);
      const answers = Promise.all(
        carts.map((items) => services[0]!.deduct({ orderId: newOrderId(), items }, futureDeadline())),
      );
      await untilWaiting(stock.database.pool, 1);
      const free = `SELECT goods_id FROM goods ORDER BY goods_id FOR UPDATE SKIP LOCKED`;
      const { rows } = await stock.database.pool.query<{ goods_id: string }>(free);
      const taken = ['globe', 'lantern', 'teapot'].filter((id) => !rows.some(({ goods_id }) => goods_id === id));
      expect(taken).toEqual([...locked, held]);
      await gate.release();
      expect((await answers).map((answer) => answer.ok)).toEqual([true, true]);
    }
  });

  it('does not deadlock over carts with the same goods in opposite order', async () => {
    const cart = [
      { goodsId: 'teapot', quantity: 1 },
      { goodsId: 'lantern', quantity: 1 },
      { goodsId: 'globe', quantity: 1 },
    ];
    const answers = await crowd(100, (index) => deduct(index, index % 3 ? cart : cart.toReversed()));
    expect(answers.filter((answer) => answer.ok)).toHaveLength(5);
    expect(await available('globe')).toBe(0);
    expect(await available('lantern')).toBe(5);
    expect(await available('teapot')).toBe(95);
    expect(await deadlocksOf(stock.database)).toBe(0);
  });
});
