import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  bind,
  createRefuseUnless,
  SharedTrips,
  StatementRefusedError,
  StatementsNotSentError,
  TransactionOutcomeUnknownError,
} from '@rocketshop/service-defaults';
import type { BoundStatement, SharedTripsOptions, StatementResult } from '@rocketshop/service-defaults';
import type pg from 'pg';
import {
  createPool,
  holdLock,
  startPostgres,
  untilWaiting,
  type HeldLock,
  type TestPostgres,
} from '@rocketshop/shop-testkit';
import { add, addOf, divideBy, insert, insertOf, insertThing, read, refuse, trip } from './things.js';

jest.setTimeout(60_000);

/** Longer than a test may last: a story in which nobody loses patience. */
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

/** What each statement of a passenger found, or why it failed. */
const rowsOf = (outcome: PromiseSettledResult<readonly StatementResult[]> | undefined) =>
  outcome?.status === 'fulfilled' ? outcome.value.map(({ rows }) => rows) : outcome?.reason;

describe('round trips that requests share', () => {
  let postgres: TestPostgres;
  let url: string;
  let others: pg.Pool;
  /** Of one test: locks are let go and connections closed even where it fails. */
  let locks: HeldLock[] = [];
  let pools: pg.Pool[] = [];

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
    await Promise.all(pools.map((pool) => pool.end()));
    locks = [];
    pools = [];
  });

  const createTrips = ({ max = 4, ...options }: SharedTripsOptions & Pick<pg.PoolConfig, 'max'> = {}) => {
    const pool = createPool(url, { max, connectionTimeoutMillis: 5_000 });
    pools.push(pool);
    return { pool, trips: new SharedTrips(pool, options) };
  };

  /** `passengers` share one trip: they come in one turn of the event loop. */
  const together = (trips: SharedTrips, passengers: readonly (readonly BoundStatement[])[]) =>
    Promise.allSettled(passengers.map((one) => trips.run(one)));

  const lockThing = async (id: number): Promise<HeldLock> => {
    const lock = await holdLock(others, 'SELECT FROM things WHERE id = $1 FOR UPDATE', [id]);
    locks.push(lock);
    return lock;
  };

  const amounts = async (): Promise<string[]> => {
    const { rows } = await others.query<{ text: string }>(`SELECT id || ':' || amount AS text FROM things ORDER BY id`);
    return rows.map(({ text }) => text);
  };

  it('start at once for whoever comes alone, and take along all who come meanwhile', async () => {
    const { trips } = createTrips({ patienceMs: FOR_EVER_MS });
    await others.query('INSERT INTO things VALUES (1, 1)');
    const lock = await lockThing(1);
    const alone = trips.run([add(1), trip()]);
    await untilWaiting(others, 1);
    const second = trips.run([insert(2), add(2), trip()]);
    await others.query('SELECT');
    const third = trips.run([trip()]);
    const fourth = trips.run([insert(4, 40), read(4), add(4, 2), trip(), read(4)]);
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

    const [later] = await trips.run([trip()]);
    expect([aloneOn, on]).not.toContainEqual(later.rows);
  });

  it.each([
    { where: 'at the front', place: 0 },
    { where: 'in the middle', place: 1 },
    { where: 'at the end', place: 3 },
  ])('fail only the passenger $where that fails, and each of the others has one effect', async ({ place }) => {
    const { trips } = createTrips();
    const duplicate = [insert(9), add(1, 100), insert(1), trip()];
    const refused = [insert(9), add(2, 100), refuse(), trip()];
    for (const [failing, expected] of [
      [duplicate, expect.objectContaining({ code: '23505', constraint: 'things_pkey' })],
      [refused, new StatementRefusedError('NOT_TODAY')],
    ] as const) {
      await others.query('TRUNCATE things');
      await others.query('INSERT INTO things VALUES (1, 0), (2, 0), (3, 0)');
      const passengers: BoundStatement[][] = [1, 2, 3].map((id) => [add(id), insert(10 + id), read(id)]);
      passengers.splice(place, 0, failing);
      const outcomes = await together(trips, passengers);

      expect(rowsOf(outcomes[place])).toEqual(expected);
      outcomes.splice(place, 1);
      expect(outcomes.map(rowsOf)).toEqual([1, 2, 3].map((id) => [[{ amount: 1 }], [], [{ id, amount: 1 }]]));
      expect(await amounts()).toEqual(['1:1', '2:1', '3:1', '11:1', '12:1', '13:1']);
    }
  });

  it('let each passenger fail for its own reason', async () => {
    const { trips } = createTrips();
    const outcomes = await together(trips, [[insert(1)], [refuse()], [bind(divideBy, [0])], [insert(2), insert(2)]]);
    expect(outcomes.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    expect(outcomes.slice(1).map(rowsOf)).toEqual([
      new StatementRefusedError('NOT_TODAY'),
      expect.objectContaining({ code: '22012' }),
      expect.objectContaining({ code: '23505' }),
    ]);
    expect(await amounts()).toEqual(['1:1']);
  });

  it('let one of two passengers win that want the same key', async () => {
    const { trips } = createTrips();
    const outcomes = await together(trips, [[insert(1, 10), insert(11)], [insert(5, 50)], [insert(1, 20), insert(12)]]);
    const [first, bystander, second] = outcomes.map(({ status }) => status);
    expect(bystander).toBe('fulfilled');
    expect(second).toBe(first === 'fulfilled' ? 'rejected' : 'fulfilled');
    expect(outcomes.map(rowsOf)).toContainEqual(expect.objectContaining({ code: '23505' }));
    expect(await amounts()).toEqual(first === 'fulfilled' ? ['1:10', '5:50', '11:1'] : ['1:20', '5:50', '12:1']);
  });

  it('hold up their own passengers while they wait for a lock, and nobody who comes later', async () => {
    const { trips } = createTrips({ patienceMs: 5, max: 4 });
    await others.query('INSERT INTO things VALUES (1, 1)');
    const lock = await lockThing(1);
    let haveArrived = false;
    const stuck = together(trips, [[insert(2)], [add(1, 10), trip()], [insert(3)]]).finally(() => (haveArrived = true));
    await untilWaiting(others, 1);
    await trips.run([insert(4)]);
    await Promise.all([5, 6, 7].map((id) => trips.run([insert(id)])));

    const stuckToo = together(trips, [[insert(8), add(1, 100)], [insert(9)]]);
    await untilWaiting(others, 2);
    for (const id of [10, 11]) await trips.run([insert(id)]);
    await Promise.all([12, 13, 14].map((id) => trips.run([insert(id)])));
    expect(haveArrived).toBe(false);
    expect(await amounts()).toEqual(['1:1', '4:1', '5:1', '6:1', '7:1', '10:1', '11:1', '12:1', '13:1', '14:1']);

    await lock.release();
    const outcomes = [...(await stuck), ...(await stuckToo)];
    expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill('fulfilled'));
    expect((await amounts()).slice(0, 4)).toEqual(['1:111', '2:1', '3:1', '4:1']);
    expect((await amounts()).slice(7, 9)).toEqual(['8:1', '9:1']);
  });

  it('have an unknown outcome for all of them when the connection breaks, and the next go on another', async () => {
    const { trips } = createTrips({ patienceMs: FOR_EVER_MS, max: 1 });
    await others.query('INSERT INTO things VALUES (1, 1)');
    const [before] = await trips.run([trip()]);
    const lock = await lockThing(1);
    const broken = together(trips, [[insert(2)], [add(1)], [insert(3)]]);
    await untilWaiting(others, 1);
    const next = Promise.all([trips.run([insert(4), trip()]), trips.run([insert(5), trip()])]);
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

  it('are not spoilt by a passenger whose values cannot be sent', async () => {
    const { trips } = createTrips();
    const unsendable = bind(insertThing, [3, { amount: 1n }]);
    const outcomes = await together(trips, [[insert(1)], [insert(2), unsendable], [insert(4)]]);
    expect(outcomes.map(rowsOf)).toEqual([[[]], expect.any(StatementsNotSentError), [[]]]);
    expect(await amounts()).toEqual(['1:1', '4:1']);
  });

  it('tell all of them at once when there is no connection to be had', async () => {
    const { pool, trips } = createTrips({ max: 1 });
    const busy = await pool.connect();
    // From now on only: on a loaded machine the connection itself may take longer.
    Object.assign(pool.options, { connectionTimeoutMillis: 100 });
    const connect = jest.spyOn(pool, 'connect');
    const outcomes = await together(trips, [[insert(1)], [insert(2)], [insert(3)]]);
    busy.release();
    expect(outcomes.map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
    // Once for all of them: nobody asks again alone.
    expect(connect).toHaveBeenCalledTimes(1);
    await trips.run([insert(4)]);
    expect(await amounts()).toEqual(['4:1']);
  });

  it('take no more passengers than there is room for, and leave nobody behind', async () => {
    const { trips } = createTrips({ passengersMax: 3 });
    const ids = numbersUpTo(11);
    const outcomes = await Promise.all(ids.map((id) => trips.run([insert(id), trip()])));
    const passengersOf = new Map<string, number>();
    for (const [, on] of outcomes) {
      for (const row of on.rows) passengersOf.set(row.trip, (passengersOf.get(row.trip) ?? 0) + 1);
    }
    expect([...passengersOf.values()]).toEqual([3, 3, 3, 2]);
    expect(await amounts()).toEqual(ids.map((id) => `${id}:1`));
  });

  it('read many things at once, each for whoever asked for it', async () => {
    const { pool, trips } = createTrips({ passengersMax: 40 });
    await others.query('INSERT INTO things SELECT id, id * 7 FROM generate_series(0, 98, 2) AS id');
    let tripsMade = 0;
    pool.on('acquire', () => tripsMade++);
    const ids = numbersUpTo(100).map((index) => (index * 37) % 100);
    const found = await Promise.all(ids.map((id) => trips.run([read(id)])));
    expect(found.map(([{ rows }]) => rows)).toEqual(ids.map((id) => (id % 2 === 0 ? [{ id, amount: id * 7 }] : [])));
    // 40, 40, and the 20 that are left.
    expect(tripsMade).toBe(3);
  });

  it('execute a columnar statement once for all who want it, and give each the rows of his own lines', async () => {
    const { trips } = createTrips();
    const wanted = [[1], [4, 2], [], [3, 9, 5]];
    const NOWHERE = 99;
    const outcomes = await Promise.all(
      wanted.map((ids) => trips.run([insertOf(...ids), addOf(10, ...(ids.length === 0 ? [NOWHERE] : ids))])),
    );
    expect(outcomes.map(([, { rows }]) => rows.map(({ id, amount }) => ({ id, amount })))).toEqual(
      wanted.map((ids) => ids.map((id) => ({ id, amount: id + 10 }))),
    );
    expect(outcomes.map(([, { rowCount }]) => rowCount)).toEqual([1, 2, 0, 3]);
    expect(new Set(outcomes.flatMap(([, { rows }]) => rows.map(({ by }) => by))).size).toBe(1);
    expect(await amounts()).toEqual(['1:11', '2:12', '3:13', '4:14', '5:15', '9:19']);
  });

  it('of columnar statements fail only the passenger that fails, as any others', async () => {
    const { trips } = createTrips();
    await others.query('INSERT INTO things VALUES (2, 0)');
    const outcomes = await Promise.allSettled([
      trips.run([insertOf(1), addOf(1, 1)]),
      trips.run([insertOf(2), addOf(1, 2)]),
      trips.run([insertOf(3), addOf(1, 3)]),
      trips.run([addOf(5, 2), refuse()]),
      trips.run([addOf(7, 2)]),
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

  it('leave the connection and what is prepared on it usable when a statement fails', async () => {
    const { trips } = createTrips({ max: 1 });
    const [alone] = await Promise.allSettled([trips.run([insert(1), bind(divideBy, [0]), read(1)])]);
    expect(rowsOf(alone)).toMatchObject({ code: '22012' });
    const attempt = (divisor: number, id: number) =>
      together(trips, [
        [insert(id), trip()],
        [bind(divideBy, [divisor]), add(id)],
        [add(id), read(id)],
      ]);

    const [first, failed] = await attempt(0, 1);
    expect(rowsOf(failed)).toMatchObject({ code: '22012' });
    const outcomes = await attempt(3, 2);
    const [[, on], ...results] = outcomes.map(rowsOf);
    expect(results).toEqual([
      [[{ quotient: 2 }], [{ amount: 2 }]],
      [[{ amount: 3 }], [{ id: 2, amount: 3 }]],
    ]);
    expect(on).toEqual([expect.objectContaining({ pid: rowsOf(first)[1][0].pid })]);
    expect(await amounts()).toEqual(['1:2', '2:3']);
  });

  it('end with the right rows after a crowd of good ones, duplicates and refused ones', async () => {
    const { trips } = createTrips({ patienceMs: 1, passengersMax: 8, max: 10 });
    const random = randomNumbers(2026);
    const crowd = numbersUpTo(200).map((id) => ({ id, key: 1000 + random(150), isRefused: random(10) === 0 }));
    const outcomes = await Promise.allSettled(
      crowd.map(({ id, key, isRefused }) => trips.run([insert(id), insert(key, id), ...(isRefused ? [refuse()] : [])])),
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
