import { describe, expect, it, jest } from '@jest/globals';
import { deadlineIn, LockTimeoutError, TransactionOutcomeUnknownError } from '@rocketshop/pg';
import { until, untilWaiting } from '@rocketshop/shop-testkit';
import { BatcherStories, FOR_EVER_MS, numbersUpTo, rowsOf, together } from './batcher-stories.js';
import { add, insert, tellXid } from './things.js';

jest.setTimeout(60_000);

const stories = new BatcherStories();

describe('a batch that meets a lock, or a connection that breaks', () => {
  it('leaves the requests behind that wait for a lock, and the stories.others of their batch go on', async () => {
    const { batcher } = stories.createBatcher({ lockTimeoutMs: 25 });
    await stories.others.query('INSERT INTO things VALUES (1, 1)');
    const lock = await stories.lockThing(1);
    const crowd = numbersUpTo(12).map(() => batcher.run([add(1, 10)]));
    const innocent = [2, 3, 4].map((id) => batcher.run([insert(id)]));
    await Promise.all(innocent);
    // Three requests wait in PostgreSQL's queue for the lock; the stories.others of the crowd look again from time to time.
    await untilWaiting(stories.others, 3);
    for (const id of [5, 6, 7]) await batcher.run([insert(id)]);
    await Promise.all([8, 9, 10].map((id) => batcher.run([insert(id)])));
    expect((await stories.amounts()).slice(0, 4)).toEqual(['1:1', '2:1', '3:1', '4:1']);

    await lock.release();
    await Promise.all(crowd);
    expect((await stories.amounts())[0]).toBe('1:121');
  });

  it('lets requests whose locks are free go before a crowd that looks again for its lock', async () => {
    const { pools, batcher } = stories.createBatcher({ lockTimeoutMs: 25 });
    await stories.others.query('INSERT INTO things VALUES (1, 1)');
    const lock = await stories.lockThing(1);
    let attempts = 0;
    pools.alone.on('acquire', () => attempts++);
    const crowd = numbersUpTo(200).map(() => batcher.run([add(1, 10)], { deadline: deadlineIn(FOR_EVER_MS) }));
    await until(() => attempts > 200 && pools.turns.canLook, {
      timeoutMs: 30_000,
      description: 'the whole crowd to have looked, and to look again',
    });
    attempts = 0;
    crowd.push(batcher.run([add(1, 10)]));
    await batcher.run([insert(2)]);
    // A crowd that stood before this request in the pool's queue would look two hundred times.
    expect(attempts).toBeLessThan(50);

    await lock.release();
    await Promise.all(crowd);
    expect(await stories.amounts()).toEqual(['1:2011', '2:1']);
  });

  it('ends the wait for a lock at the deadline of each request, and changes nothing for it', async () => {
    const { batcher } = stories.createBatcher({ lockTimeoutMs: 25 });
    await stories.others.query('INSERT INTO things VALUES (1, 1)');
    const lock = await stories.lockThing(1);
    const late = numbersUpTo(6).map((id) => batcher.run([insert(10 + id), add(1, 10)], { deadline: deadlineIn(300) }));
    const patient = batcher.run([insert(20), add(1, 10)], { deadline: deadlineIn(60_000) });
    expect((await Promise.allSettled(late)).map(rowsOf)).toEqual(Array(6).fill(expect.any(LockTimeoutError)));
    expect(await stories.amounts()).toEqual(['1:1']);
    await lock.release();
    await patient;
    expect(await stories.amounts()).toEqual(['1:11', '20:1']);
  });

  it('lets the next batch leave on another connection, while one is slow', async () => {
    const { batcher } = stories.createBatcher({ maxWaitMs: 5 });
    await stories.others.query('INSERT INTO things VALUES (1, 1)');
    const lock = await stories.lockThing(1);
    const slow = together(batcher, [[insert(2)], [add(1, 10), tellXid()], [insert(3)]]);
    await untilWaiting(stories.others, 1);
    for (const id of [4, 5]) await batcher.run([insert(id)]);
    await Promise.all([6, 7, 8].map((id) => batcher.run([insert(id)])));
    expect(await stories.amounts()).toEqual(['1:1', '4:1', '5:1', '6:1', '7:1', '8:1']);
    await lock.release();
    expect((await slow).map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
    expect((await stories.amounts()).slice(0, 3)).toEqual(['1:11', '2:1', '3:1']);
  });

  it('has an unknown outcome for all requests of a batch when the connection breaks, and the next go on another', async () => {
    const { batcher } = stories.createBatcher({ maxWaitMs: FOR_EVER_MS });
    await stories.others.query('INSERT INTO things VALUES (1, 1)');
    const [before] = await batcher.run([tellXid()]);
    const lock = await stories.lockThing(1);
    const broken = together(batcher, [[insert(2)], [add(1)], [insert(3)]]);
    await untilWaiting(stories.others, 1);
    const next = Promise.all([batcher.run([insert(4), tellXid()]), batcher.run([insert(5), tellXid()])]);
    await stories.others.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );

    expect((await broken).map(rowsOf)).toEqual(Array(3).fill(expect.any(TransactionOutcomeUnknownError)));
    const [[, fourthOn], [, fifthOn]] = await next;
    expect(fifthOn.rows).toEqual(fourthOn.rows);
    expect(fourthOn.rows[0]?.pid).not.toBe(before.rows[0]?.pid);
    await lock.release();
    expect(await stories.amounts()).toEqual(['1:1', '4:1', '5:1']);
  });

  it('tells all requests of a batch at once when there is no connection to be had', async () => {
    const { pools, batcher } = stories.createBatcher();
    const { shared } = pools;
    const busy = await Promise.all(numbersUpTo(shared.options.max).map(() => shared.connect()));
    // From now on only: on a loaded machine the connection itself may take longer.
    Object.assign(shared.options, { connectionTimeoutMillis: 100 });
    const connect = jest.spyOn(shared, 'connect');
    const outcomes = await together(batcher, [[insert(1)], [insert(2)], [insert(3)]]);
    for (const client of busy) client.release();
    expect(outcomes.map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
    // Once for all of them: no request asks again alone.
    expect(connect).toHaveBeenCalledTimes(1);
    await batcher.run([insert(4)]);
    expect(await stories.amounts()).toEqual(['4:1']);
  });
});
