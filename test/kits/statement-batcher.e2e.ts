import { describe, expect, it, jest } from '@jest/globals';
import { bind, StatementRefusedError, StatementsNotSentError } from '@rocketshop/pg';
import type { BoundStatement } from '@rocketshop/pg';
import { untilWaiting } from '@rocketshop/shop-testkit';
import { BatcherStories, FOR_EVER_MS, numbersUpTo, rowsOf, together } from './batcher-stories.js';
import { add, addOf, DIVIDE_BY, insert, insertOf, INSERT_THING, read, refuse, tellXid } from './things.js';

jest.setTimeout(60_000);

/** A small generator with a fixed seed: failures can be repeated. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
}

const stories = new BatcherStories();

describe('a batcher of statements', () => {
  it('runs a request without company at once, and batches all that come meanwhile', async () => {
    const { batcher } = stories.createBatcher({ maxWaitMs: FOR_EVER_MS });
    await stories.others.query('INSERT INTO things VALUES (1, 1)');
    const lock = await stories.lockThing(1);
    const alone = batcher.run([add(1), tellXid()]);
    await untilWaiting(stories.others, 1);
    const second = batcher.run([insert(2), add(2), tellXid()]);
    await stories.others.query('SELECT');
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
    expect(await stories.amounts()).toEqual(['1:2', '2:2', '4:42']);

    const [later] = await batcher.run([tellXid()]);
    expect([aloneOn, on]).not.toContainEqual(later.rows);
  });

  it.each([
    { where: 'at the front', place: 0 },
    { where: 'in the middle', place: 1 },
    { where: 'at the end', place: 3 },
  ])('fails only the request $where that fails, and each of the stories.others has one effect', async ({ place }) => {
    const { batcher } = stories.createBatcher();
    const duplicate = [insert(9), add(1, 100), insert(1), tellXid()];
    const refused = [insert(9), add(2, 100), refuse(), tellXid()];
    for (const [failing, expected] of [
      [duplicate, expect.objectContaining({ code: '23505', constraint: 'things_pkey' })],
      [refused, new StatementRefusedError('NOT_TODAY')],
    ] as const) {
      await stories.others.query('TRUNCATE things');
      await stories.others.query('INSERT INTO things VALUES (1, 0), (2, 0), (3, 0)');
      const requests: BoundStatement[][] = [1, 2, 3].map((id) => [add(id), insert(10 + id), read(id)]);
      requests.splice(place, 0, failing);
      const outcomes = await together(batcher, requests);

      expect(rowsOf(outcomes[place])).toEqual(expected);
      outcomes.splice(place, 1);
      expect(outcomes.map(rowsOf)).toEqual([1, 2, 3].map((id) => [[{ amount: 1 }], [], [{ id, amount: 1 }]]));
      expect(await stories.amounts()).toEqual(['1:1', '2:1', '3:1', '11:1', '12:1', '13:1']);
    }
  });

  it('lets each request fail for its own reason', async () => {
    const { batcher } = stories.createBatcher();
    const outcomes = await together(batcher, [[insert(1)], [refuse()], [bind(DIVIDE_BY, [0])], [insert(2), insert(2)]]);
    expect(outcomes.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    expect(outcomes.slice(1).map(rowsOf)).toEqual([
      new StatementRefusedError('NOT_TODAY'),
      expect.objectContaining({ code: '22012' }),
      expect.objectContaining({ code: '23505' }),
    ]);
    expect(await stories.amounts()).toEqual(['1:1']);
  });

  it('lets one of two requests win that want the same key', async () => {
    const { batcher } = stories.createBatcher();
    const outcomes = await together(batcher, [
      [insert(1, 10), insert(11)],
      [insert(5, 50)],
      [insert(1, 20), insert(12)],
    ]);
    const [first, bystander, second] = outcomes.map(({ status }) => status);
    expect(bystander).toBe('fulfilled');
    expect(second).toBe(first === 'fulfilled' ? 'rejected' : 'fulfilled');
    expect(outcomes.map(rowsOf)).toContainEqual(expect.objectContaining({ code: '23505' }));
    expect(await stories.amounts()).toEqual(
      first === 'fulfilled' ? ['1:10', '5:50', '11:1'] : ['1:20', '5:50', '12:1'],
    );
  });

  it('runs the stories.others of a batch when the values of one request cannot be sent', async () => {
    const { batcher } = stories.createBatcher();
    const unsendable = bind(INSERT_THING, [3, { amount: 1n }]);
    const outcomes = await together(batcher, [[insert(1)], [insert(2), unsendable], [insert(4)]]);
    expect(outcomes.map(rowsOf)).toEqual([[[]], expect.any(StatementsNotSentError), [[]]]);
    expect(await stories.amounts()).toEqual(['1:1', '4:1']);
  });

  it('batches no more requests than it is told to, and forgets none', async () => {
    const { batcher } = stories.createBatcher({ batchSizeMax: 3 });
    const ids = numbersUpTo(11);
    const outcomes = await Promise.all(ids.map((id) => batcher.run([insert(id), tellXid()])));
    const sizes = new Map<string, number>();
    for (const [, on] of outcomes) {
      for (const row of on.rows) sizes.set(row.xid, (sizes.get(row.xid) ?? 0) + 1);
    }
    expect([...sizes.values()]).toEqual([3, 3, 3, 2]);
    expect(await stories.amounts()).toEqual(ids.map((id) => `${id}:1`));
  });

  it('reads many things at once, each for the request that asked for it', async () => {
    const { pools, batcher } = stories.createBatcher({ batchSizeMax: 40 });
    await stories.others.query('INSERT INTO things SELECT id, id * 7 FROM generate_series(0, 98, 2) AS id');
    let batches = 0;
    pools.shared.on('acquire', () => batches++);
    const ids = numbersUpTo(100).map((index) => (index * 37) % 100);
    const found = await Promise.all(ids.map((id) => batcher.run([read(id)])));
    expect(found.map(([{ rows }]) => rows)).toEqual(ids.map((id) => (id % 2 === 0 ? [{ id, amount: id * 7 }] : [])));
    // 40, 40, and the 20 that are left.
    expect(batches).toBe(3);
  });

  it('executes a columnar statement once for all requests that want it, and gives each the rows of its own lines', async () => {
    const { batcher } = stories.createBatcher();
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
    expect(await stories.amounts()).toEqual(['1:11', '2:12', '3:13', '4:14', '5:15', '9:19']);
  });

  it('fails only the request that fails, of columnar statements too', async () => {
    const { batcher } = stories.createBatcher();
    await stories.others.query('INSERT INTO things VALUES (2, 0)');
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
    expect(await stories.amounts()).toEqual(['1:2', '2:7', '3:4']);
  });

  it('leaves the connection and its prepared statements usable when a statement fails', async () => {
    const { batcher } = stories.createBatcher();
    await stories.others.query('INSERT INTO things VALUES (1, 0), (2, 0)');
    const [before] = await batcher.run([tellXid()]);
    const [alone] = await Promise.allSettled([batcher.run([insert(3), bind(DIVIDE_BY, [0]), read(3)])]);
    expect(rowsOf(alone)).toMatchObject({ code: '22012' });
    const attempt = (divisor: number, id: number) =>
      together(batcher, [
        [add(id), tellXid()],
        [bind(DIVIDE_BY, [divisor]), add(id)],
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
    expect(await stories.amounts()).toEqual(['1:2', '2:3']);
  });

  it.each([
    { where: 'in a batch', company: [] },
    { where: 'alone', company: [[refuse()]] },
  ])('prepares its statements again after a migration has changed their columns, $where', async ({ company }) => {
    const { batcher } = stories.createBatcher();
    await stories.others.query('INSERT INTO things VALUES (1, 1)');
    const readBoth = async () => rowsOf((await together(batcher, [[read(1), addOf(0, 1)], ...company]))[0]);
    expect(await readBoth()).toMatchObject([[{ amount: 1 }], [{ amount: 1 }]]);
    try {
      await stories.others.query('ALTER TABLE things ALTER COLUMN amount TYPE bigint');
      expect(await readBoth()).toMatchObject([[{ amount: 1n }], [{ amount: 1n }]]);
    } finally {
      await stories.others.query('ALTER TABLE things ALTER COLUMN amount TYPE int');
    }
    expect(await readBoth()).toMatchObject([[{ amount: 1 }], [{ amount: 1 }]]);
  });

  it('ends with the right rows after a crowd of good requests, duplicates and refused ones', async () => {
    const { batcher } = stories.createBatcher({ maxWaitMs: 1, batchSizeMax: 8 });
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
    expect((await stories.amounts()).toSorted()).toEqual(rows.toSorted());
  });
});
