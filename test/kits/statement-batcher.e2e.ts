import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  BatchPools,
  bind,
  createRefuseUnless,
  LockTimeoutError,
  StatementBatcher,
  StatementRefusedError,
  StatementsNotSentError,
  TransactionOutcomeUnknownError,
} from '@rocketshop/pg';
import type { BatchPoolsOptions, BoundStatement, StatementBatcherOptions, StatementResult } from '@rocketshop/pg';
import type pg from 'pg';
import { createPool, holdLock, startPostgres, untilWaiting } from '@rocketshop/shop-testkit';
import type { HeldLock, TestPostgres } from '@rocketshop/shop-testkit';
import { add, addOf, divideBy, insert, insertOf, insertThing, read, refuse, tellXid } from './things.js';

jest.setTimeout(60_000);

/** Longer than a test may last: a story in which no request leaves before the batch under way is done. */
const FOR_EVER_MS = 600_000;

/** A small generator with a fixed seed: failures can be repeated. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
}

const numbersUpTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

/** What each statement of a request found, or why it failed. */
const rowsOf = (outcome: PromiseSettledResult<readonly StatementResult[]> | undefined) =>
  outcome?.status === 'fulfilled' ? outcome.value.map(({ rows }) => rows) : outcome?.reason;

describe('a batcher of statements', () => {
  let postgres: TestPostgres;
  let url: string;
  let others: pg.Pool;
  /** Of one test: locks are let go and connections closed even where it fails. */
  let locks: HeldLock[] = [];
  let opened: BatchPools[] = [];

  beforeAll(async () => {
    postgres = await startPostgres();
    url = await postgres.createDatabase();
    others = createPool(url);
    await others.query('CREATE TABLE things (id int PRIMARY KEY, amount int NOT NULL)');
    await createRefuseUnless(others);
  }, 60_000);
  afterAll(async () => {
    await others.end();
    await postgres.stop();
  });
  beforeEach(() => others.query('TRUNCATE things'));
  afterEach(async () => {
    await Promise.all(locks.map((lock) => lock.release()));
    await Promise.all(opened.map((pools) => pools.close()));
    locks = [];
    opened = [];
  });

  const createBatcher = (options: StatementBatcherOptions & Partial<BatchPoolsOptions> = {}) => {
    const pools = new BatchPools({ lockTimeoutMs: FOR_EVER_MS, ...options, url });
    opened.push(pools);
    return { pools, batcher: new StatementBatcher(pools, options) };
  };

  /** The requests share one batch: they come in one turn of the event loop. */
  const together = (batcher: StatementBatcher, requests: readonly (readonly BoundStatement[])[]) =>
    Promise.allSettled(requests.map((one) => batcher.run(one)));

  const lockThing = async (id: number): Promise<HeldLock> => {
    const lock = await holdLock(others, 'SELECT FROM things WHERE id = $1 FOR UPDATE', [id]);
    locks.push(lock);
    return lock;
  };

  const amounts = async (): Promise<string[]> => {
    const { rows } = await others.query<{ text: string }>(`SELECT id || ':' || amount AS text FROM things ORDER BY id`);
    return rows.map(({ text }) => text);
  };

  it('runs a request without company at once, and batches all that come meanwhile', async () => {
    const { batcher } = createBatcher({ maxWaitMs: FOR_EVER_MS });
    await others.query('INSERT INTO things VALUES (1, 1)');
    const lock = await lockThing(1);
    const alone = batcher.run([add(1), tellXid()]);
    await untilWaiting(others, 1);
    const second = batcher.run([insert(2), add(2), tellXid()]);
    await others.query('SELECT');
    const third = batcher.run([tellXid()]);
    const fourth = batcher.run([insert(4, 40), read(4), add(4, 2), tellXid(), read(4)]);
    await lock.release();

    const outcomes = await Promise.allSettled([alone, second, third, fourth]);
    const [, aloneOn] = (await alone).map(({ rows }) => rows);
    const [on] = (await third).map(({ rows }) => rows);
    expect(outcomes.map(rowsOf)).toEqual([
      [[{ amount: 2 }], aloneOn],
      [[], [{ amount: 2 }], on],
      [on],
      [[], [{ id: 4, amount: 40 }], [{ amount: 42 }], on, [{ id: 4, amount: 42 }]],
    ]);
    expect(on).not.toEqual(aloneOn);
    expect(await amounts()).toEqual(['1:2', '2:2', '4:42']);

    const [later] = await batcher.run([tellXid()]);
    expect([aloneOn, on]).not.toContainEqual(later.rows);
  });

  it.each([
    { where: 'at the front', place: 0 },
    { where: 'in the middle', place: 1 },
    { where: 'at the end', place: 3 },
  ])('fails only the request $where that fails, and each of the others has one effect', async ({ place }) => {
    const { batcher } = createBatcher();
    const duplicate = [insert(9), add(1, 100), insert(1), tellXid()];
    const refused = [insert(9), add(2, 100), refuse(), tellXid()];
    for (const [failing, expected] of [
      [duplicate, expect.objectContaining({ code: '23505', constraint: 'things_pkey' })],
      [refused, new StatementRefusedError('NOT_TODAY')],
    ] as const) {
      await others.query('TRUNCATE things');
      await others.query('INSERT INTO things VALUES (1, 0), (2, 0), (3, 0)');
      const requests: BoundStatement[][] = [1, 2, 3].map((id) => [add(id), insert(10 + id), read(id)]);
      requests.splice(place, 0, failing);
      const outcomes = await together(batcher, requests);

      expect(rowsOf(outcomes[place])).toEqual(expected);
      outcomes.splice(place, 1);
      expect(outcomes.map(rowsOf)).toEqual([1, 2, 3].map((id) => [[{ amount: 1 }], [], [{ id, amount: 1 }]]));
      expect(await amounts()).toEqual(['1:1', '2:1', '3:1', '11:1', '12:1', '13:1']);
    }
  });

  it('lets each request fail for its own reason', async () => {
    const { batcher } = createBatcher();
    const outcomes = await together(batcher, [[insert(1)], [refuse()], [bind(divideBy, [0])], [insert(2), insert(2)]]);
    expect(outcomes.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    expect(outcomes.slice(1).map(rowsOf)).toEqual([
      new StatementRefusedError('NOT_TODAY'),
      expect.objectContaining({ code: '22012' }),
      expect.objectContaining({ code: '23505' }),
    ]);
    expect(await amounts()).toEqual(['1:1']);
  });

  it('lets one of two requests win that want the same key', async () => {
    const { batcher } = createBatcher();
    const outcomes = await together(batcher, [
      [insert(1, 10), insert(11)],
      [insert(5, 50)],
      [insert(1, 20), insert(12)],
    ]);
    const [first, bystander, second] = outcomes.map(({ status }) => status);
    expect(bystander).toBe('fulfilled');
    expect(second).toBe(first === 'fulfilled' ? 'rejected' : 'fulfilled');
    expect(outcomes.map(rowsOf)).toContainEqual(expect.objectContaining({ code: '23505' }));
    expect(await amounts()).toEqual(first === 'fulfilled' ? ['1:10', '5:50', '11:1'] : ['1:20', '5:50', '12:1']);
  });

  it('leaves the requests behind that wait for a lock, and the others of their batch go on', async () => {
    const { batcher } = createBatcher({ lockTimeoutMs: 25 });
    await others.query('INSERT INTO things VALUES (1, 1)');
    const lock = await lockThing(1);
    const crowd = numbersUpTo(12).map(() => batcher.run([add(1, 10)]));
    const innocent = [2, 3, 4].map((id) => batcher.run([insert(id)]));
    await Promise.all(innocent);
    // Three requests wait in PostgreSQL's queue for the lock; the others of the crowd look again from time to time.
    await untilWaiting(others, 3);
    for (const id of [5, 6, 7]) await batcher.run([insert(id)]);
    await Promise.all([8, 9, 10].map((id) => batcher.run([insert(id)])));
    expect((await amounts()).slice(0, 4)).toEqual(['1:1', '2:1', '3:1', '4:1']);

    await lock.release();
    await Promise.all(crowd);
    expect((await amounts())[0]).toBe('1:121');
  });

  it('ends the wait for a lock at the deadline of each request, and changes nothing for it', async () => {
    const { batcher } = createBatcher({ lockTimeoutMs: 25 });
    await others.query('INSERT INTO things VALUES (1, 1)');
    const lock = await lockThing(1);
    const late = numbersUpTo(6).map((id) => batcher.run([insert(10 + id), add(1, 10)], { deadline: Date.now() + 300 }));
    const patient = batcher.run([insert(20), add(1, 10)], { deadline: Date.now() + 60_000 });
    expect((await Promise.allSettled(late)).map(rowsOf)).toEqual(Array(6).fill(expect.any(LockTimeoutError)));
    expect(await amounts()).toEqual(['1:1']);
    await lock.release();
    await patient;
    expect(await amounts()).toEqual(['1:11', '20:1']);
  });

  it('lets the next batch leave on another connection, while one is slow', async () => {
    const { batcher } = createBatcher({ maxWaitMs: 5 });
    await others.query('INSERT INTO things VALUES (1, 1)');
    const lock = await lockThing(1);
    const slow = together(batcher, [[insert(2)], [add(1, 10), tellXid()], [insert(3)]]);
    await untilWaiting(others, 1);
    for (const id of [4, 5]) await batcher.run([insert(id)]);
    await Promise.all([6, 7, 8].map((id) => batcher.run([insert(id)])));
    expect(await amounts()).toEqual(['1:1', '4:1', '5:1', '6:1', '7:1', '8:1']);
    await lock.release();
    expect((await slow).map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
    expect((await amounts()).slice(0, 3)).toEqual(['1:11', '2:1', '3:1']);
  });

  it('has an unknown outcome for all requests of a batch when the connection breaks, and the next go on another', async () => {
    const { batcher } = createBatcher({ maxWaitMs: FOR_EVER_MS });
    await others.query('INSERT INTO things VALUES (1, 1)');
    const [before] = await batcher.run([tellXid()]);
    const lock = await lockThing(1);
    const broken = together(batcher, [[insert(2)], [add(1)], [insert(3)]]);
    await untilWaiting(others, 1);
    const next = Promise.all([batcher.run([insert(4), tellXid()]), batcher.run([insert(5), tellXid()])]);
    await others.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );

    expect((await broken).map(rowsOf)).toEqual(Array(3).fill(expect.any(TransactionOutcomeUnknownError)));
    const [[, fourthOn], [, fifthOn]] = await next;
    expect(fifthOn.rows).toEqual(fourthOn.rows);
    expect(fourthOn.rows[0]?.pid).not.toBe(before.rows[0]?.pid);
    await lock.release();
    expect(await amounts()).toEqual(['1:1', '4:1', '5:1']);
  });

  it('runs the others of a batch when the values of one request cannot be sent', async () => {
    const { batcher } = createBatcher();
    const unsendable = bind(insertThing, [3, { amount: 1n }]);
    const outcomes = await together(batcher, [[insert(1)], [insert(2), unsendable], [insert(4)]]);
    expect(outcomes.map(rowsOf)).toEqual([[[]], expect.any(StatementsNotSentError), [[]]]);
    expect(await amounts()).toEqual(['1:1', '4:1']);
  });

  it('tells all requests of a batch at once when there is no connection to be had', async () => {
    const { pools, batcher } = createBatcher();
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
    expect(await amounts()).toEqual(['4:1']);
  });

  it('batches no more requests than it is told to, and forgets none', async () => {
    const { batcher } = createBatcher({ batchSizeMax: 3 });
    const ids = numbersUpTo(11);
    const outcomes = await Promise.all(ids.map((id) => batcher.run([insert(id), tellXid()])));
    const sizes = new Map<string, number>();
    for (const [, on] of outcomes) {
      for (const row of on.rows) sizes.set(row.xid, (sizes.get(row.xid) ?? 0) + 1);
    }
    expect([...sizes.values()]).toEqual([3, 3, 3, 2]);
    expect(await amounts()).toEqual(ids.map((id) => `${id}:1`));
  });

  it('reads many things at once, each for the request that asked for it', async () => {
    const { pools, batcher } = createBatcher({ batchSizeMax: 40 });
    await others.query('INSERT INTO things SELECT id, id * 7 FROM generate_series(0, 98, 2) AS id');
    let batches = 0;
    pools.shared.on('acquire', () => batches++);
    const ids = numbersUpTo(100).map((index) => (index * 37) % 100);
    const found = await Promise.all(ids.map((id) => batcher.run([read(id)])));
    expect(found.map(([{ rows }]) => rows)).toEqual(ids.map((id) => (id % 2 === 0 ? [{ id, amount: id * 7 }] : [])));
    // 40, 40, and the 20 that are left.
    expect(batches).toBe(3);
  });

  it('executes a columnar statement once for all requests that want it, and gives each the rows of its own lines', async () => {
    const { batcher } = createBatcher();
    const wanted = [[1], [4, 2], [], [3, 9, 5]];
    const NOWHERE = 99;
    const outcomes = await Promise.all(
      wanted.map((ids) => batcher.run([insertOf(...ids), addOf(10, ...(ids.length === 0 ? [NOWHERE] : ids))])),
    );
    expect(outcomes.map(([, { rows }]) => rows.map(({ id, amount }) => ({ id, amount })))).toEqual(
      wanted.map((ids) => ids.map((id) => ({ id, amount: id + 10 }))),
    );
    expect(outcomes.map(([, { rowCount }]) => rowCount)).toEqual([1, 2, 0, 3]);
    expect(new Set(outcomes.flatMap(([, { rows }]) => rows.map(({ by }) => by))).size).toBe(1);
    expect(await amounts()).toEqual(['1:11', '2:12', '3:13', '4:14', '5:15', '9:19']);
  });

  it('fails only the request that fails, of columnar statements too', async () => {
    const { batcher } = createBatcher();
    await others.query('INSERT INTO things VALUES (2, 0)');
    const outcomes = await Promise.allSettled([
      batcher.run([insertOf(1), addOf(1, 1)]),
      batcher.run([insertOf(2), addOf(1, 2)]),
      batcher.run([insertOf(3), addOf(1, 3)]),
      batcher.run([addOf(5, 2), refuse()]),
      batcher.run([addOf(7, 2)]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect([rowsOf(outcomes[1]), rowsOf(outcomes[3])]).toEqual([
      expect.objectContaining({ code: '23505' }),
      new StatementRefusedError('NOT_TODAY'),
    ]);
    expect(await amounts()).toEqual(['1:2', '2:7', '3:4']);
  });

  it('leaves the connection and its prepared statements usable when a statement fails', async () => {
    const { batcher } = createBatcher();
    const [before] = await batcher.run([tellXid()]);
    const [alone] = await Promise.allSettled([batcher.run([insert(1), bind(divideBy, [0]), read(1)])]);
    expect(rowsOf(alone)).toMatchObject({ code: '22012' });
    const attempt = (divisor: number, id: number) =>
      together(batcher, [
        [insert(id), tellXid()],
        [bind(divideBy, [divisor]), add(id)],
        [add(id), read(id)],
      ]);

    const [, failed] = await attempt(0, 1);
    expect(rowsOf(failed)).toMatchObject({ code: '22012' });
    const outcomes = await attempt(3, 2);
    const [[, on], ...results] = outcomes.map(rowsOf);
    expect(results).toEqual([
      [[{ quotient: 2 }], [{ amount: 2 }]],
      [[{ amount: 3 }], [{ id: 2, amount: 3 }]],
    ]);
    expect(on).toEqual([expect.objectContaining({ pid: before.rows[0]?.pid })]);
    expect(await amounts()).toEqual(['1:2', '2:3']);
  });

  it('ends with the right rows after a crowd of good requests, duplicates and refused ones', async () => {
    const { batcher } = createBatcher({ maxWaitMs: 1, batchSizeMax: 8 });
    const random = randomNumbers(2026);
    const crowd = numbersUpTo(200).map((id) => ({ id, key: 1000 + random(150), isRefused: random(10) === 0 }));
    const outcomes = await Promise.allSettled(
      crowd.map(({ id, key, isRefused }) =>
        batcher.run([insert(id), insert(key, id), ...(isRefused ? [refuse()] : [])]),
      ),
    );

    const winners = crowd.filter((_, index) => outcomes[index]?.status === 'fulfilled');
    const keysToBeHad = new Set(crowd.filter(({ isRefused }) => !isRefused).map(({ key }) => key));
    expect(winners).toHaveLength(keysToBeHad.size);
    expect(new Set(winners.map(({ key }) => key))).toEqual(keysToBeHad);
    expect(winners.filter(({ isRefused }) => isRefused)).toEqual([]);
    const losses = outcomes.filter(({ status }) => status === 'rejected').map(rowsOf);
    expect(losses.filter((error) => error.code !== '23505' && error.reason !== 'NOT_TODAY')).toEqual([]);
    const rows = winners.flatMap(({ id, key }) => [`${id}:1`, `${key}:${id}`]);
    expect((await amounts()).toSorted()).toEqual(rows.toSorted());
  });
});
