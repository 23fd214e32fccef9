import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { claimMessage } from '@rocketshop/idempotency';
import { holdLock, untilWaiting } from '@rocketshop/shop-testkit';
import {
  answersTo,
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

const times = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));

describe.each(PARTICIPANT_NAMES)('%s, when one cancel is delivered several times', (name) => {
  let participant: Participant;
  let replica: Participant;
  let order: string;
  beforeEach(async () => {
    participant = await participants.open(name);
    replica = await participants.replicaOf(participant);
    order = newOrderId();
    expect(await participant.deduct(order)).toBe('ok');
    expect(await participant.taken()).toBe(participant.unit);
  });

  it('gives back once and answers a hundred times', async () => {
    for (let delivery = 1; delivery <= 100; delivery++) await participant.cancel(order);
    expect(await participant.taken()).toBe(0);
    expect(await answersTo(participant, order)).toEqual(Array.from({ length: 100 }, () => 'RESTORED'));
  });

  it('gives back once when two replicas have it at the same moment', async () => {
    const gate = await holdLock(participant.database.pool, 'LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE');
    const first = participant.cancel(order);
    await untilWaiting(participant.database.pool, 1);
    const second = replica.cancel(order);
    await untilWaiting(participant.database.pool, 2);
    await gate.release();
    await Promise.all([first, second]);
    expect(await participant.taken()).toBe(0);
    expect(await answersTo(participant, order)).toEqual(['RESTORED', 'RESTORED']);
  });

  it('gives back once when both replicas have it twenty times', async () => {
    await times(40, (index) => (index % 2 ? participant : replica).cancel(order));
    expect(await participant.taken()).toBe(0);
    expect(await answersTo(participant, order)).toHaveLength(40);
  });

  it('gives back once by the key of the compensation alone, when the claims are long purged', async () => {
    await participant.cancel(order);
    await participant.database.pool.query('DELETE FROM consumed_messages');
    await participant.cancel(order);
    expect(await participant.taken()).toBe(0);
    expect(await answersTo(participant, order)).toEqual(['RESTORED', 'RESTORED']);
  });

  it('gives back once by the claim alone, were the compensation log lost', async () => {
    await participant.cancel(order);
    await participant.database.pool.query(`DELETE FROM ${COMPENSATION_LOG[name]}`);
    await participant.cancel(order);
    expect(await participant.taken()).toBe(0);
  });

  it('lets one of twenty claim one message', async () => {
    const claims = await times(20, (index) =>
      (index % 2 ? participant : replica).database.transaction((client) => claimMessage(client, 'a-group', order)),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  it('undoes nothing of an order that was not cancelled', async () => {
    await participant.cancel(newOrderId());
    expect(await participant.taken()).toBe(participant.unit);
    expect(await readNumber(participant.database, `SELECT count(*) FROM ${COMPENSATION_LOG[name]}`)).toBe(0);
  });
});

const COMPENSATION_LOG = {
  stock: 'stock_compensation_log',
  coupon: 'coupon_compensation_log',
  user: 'balance_compensation_log',
} as const;
