import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { deadlineIn, msUntil } from '@rocketshop/pg';
import type { DeadlineInstant } from '@rocketshop/pg';
import { holdLock, untilWaiting } from '@rocketshop/shop-testkit';
import { answersTo, lockRowOf, newOrderId, PARTICIPANT_NAMES, Participants } from '@rocketshop/shop-testkit/in-process';
import type { Participant } from '@rocketshop/shop-testkit/in-process';

let participants: Participants;
beforeAll(async () => {
  participants = await Participants.start();
}, 60_000);
afterEach(() => participants.closeAll());
afterAll(() => participants.stop());

/** The deduct has written its log row and waits for the row that it takes from. */
const openDeduct = (participant: Participant) => holdLock(participant.database.pool, lockRowOf(participant));
/** The cancel has written its fence and waits to write its answer. */
const openCancel = (participant: Participant) =>
  holdLock(participant.database.pool, 'LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE');

describe.each(PARTICIPANT_NAMES)('%s, when a cancel meets a deduct of the same order', (name) => {
  let participant: Participant;
  let replica: Participant;
  beforeEach(async () => {
    participant = await participants.open(name);
    replica = await participants.replicaOf(participant);
  });

  it('waits for the open deduct, sees it in a new statement, and gives back', async () => {
    const order = newOrderId();
    const gate = await openDeduct(participant);
    const deduct = participant.deduct(order);
    await untilWaiting(participant.database.pool, 1);
    const cancel = replica.cancel(order);
    await untilWaiting(participant.database.pool, 2);
    await gate.release();

    expect(await deduct).toBe('ok');
    await cancel;
    expect(await participant.taken()).toBe(0);
    expect(await answersTo(participant, order)).toEqual(['RESTORED']);
  });

  it('makes the deduct wait when the cancel is the open one, and refuses it', async () => {
    const order = newOrderId();
    const gate = await openCancel(participant);
    const cancel = participant.cancel(order);
    await untilWaiting(participant.database.pool, 1);
    const deduct = replica.deduct(order);
    await untilWaiting(participant.database.pool, 2);
    await gate.release();

    await cancel;
    expect(await deduct).toBe('ORDER_FENCED');
    expect(await participant.taken()).toBe(0);
    expect(await answersTo(participant, order)).toEqual(['FENCED']);
  });

  it('fences after an open deduct that is refused in the end', async () => {
    const order = newOrderId();
    const gate = await openDeduct(participant);
    const deduct = participant.deduct(order);
    await untilWaiting(participant.database.pool, 1);
    const cancel = replica.cancel(order);
    await untilWaiting(participant.database.pool, 2);
    await gate.release(participant.exhaust);

    expect(await deduct).not.toBe('ok');
    await cancel;
    expect(await answersTo(participant, order)).toEqual(['FENCED']);
    expect(await participant.deduct(order)).toBe('ORDER_FENCED');
  });

  it('lets the waiting deduct through when the open cancel breaks', async () => {
    const order = newOrderId();
    const gate = await openCancel(participant);
    const cancel = participant.cancel(order);
    await untilWaiting(participant.database.pool, 1);
    const deduct = replica.deduct(order);
    await untilWaiting(participant.database.pool, 2);
    const broken = cancel.catch((error: unknown) => String(error));
    await gate.release(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO outbox%'`);

    expect(await broken).toMatch(/terminat/);
    expect(await deduct).toBe('ok');
    expect(await participant.taken()).toBe(participant.unit);
    await replica.cancel(order);
    expect(await participant.taken()).toBe(0);
    expect(await answersTo(participant, order)).toEqual(['RESTORED']);
  });

  it('is refused when its deadline passes while it waits, and nothing is taken', async () => {
    const order = newOrderId();
    const gate = await openDeduct(participant);
    const deduct = participant.deduct(order, deadlineIn(100));
    await untilWaiting(participant.database.pool, 1);
    // The deduct's transaction has begun by now, and reckons the 100 ms from its begin.
    await untilPast(deadlineIn(100));
    await gate.release();

    expect(await deduct).toBe('DEADLINE_PASSED');
    expect(await participant.taken()).toBe(0);
    await participant.cancel(order);
    expect(await answersTo(participant, order)).toEqual(['FENCED']);
  });
});

const untilPast = (deadline: DeadlineInstant): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(1, msUntil(deadline) + 1)));
