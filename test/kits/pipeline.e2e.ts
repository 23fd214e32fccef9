import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  bigintTypes,
  bind,
  createRefuseUnless,
  deadlineIn,
  LockTimeoutError,
  pipeline,
  refusalOf,
  runAll,
  StatementRefusedError,
  StatementsNotSentError,
  transaction,
  TransactionOutcomeUnknownError,
} from '@rocketshop/pg';
import pg from 'pg';
import { createPool, holdLock, startPostgres, untilWaiting } from '@rocketshop/shop-testkit';
import type { TestPostgres } from '@rocketshop/shop-testkit';
import { ADD_TO_THING, INSERT_THING } from './things.js';

jest.setTimeout(60_000);

const READ_THING = { name: 'read-thing', text: 'SELECT amount FROM things WHERE id = $1' };
const TAKE_FROM_THING = {
  name: 'take-from-thing',
  text: `WITH taken AS (UPDATE things SET amount = amount - $2 WHERE id = $1 AND amount >= $2 RETURNING id)
         SELECT refuse_unless(count(*) = 1, 'NOT_ENOUGH') FROM taken`,
};
interface Thing {
  readonly amount: bigint;
}
const read = (id: number) => bind<Thing>(READ_THING, [id]);

describe('a pipeline of statements', () => {
  let postgres: TestPostgres;
  let url: string;
  /** One connection: what a failure leaves behind on it, the next statements would meet. */
  let pool: pg.Pool;
  let others: pg.Pool;

  beforeAll(async () => {
    postgres = await startPostgres();
    url = await postgres.createDatabase();
    pool = new pg.Pool({ connectionString: url, max: 1, types: bigintTypes });
    others = createPool(url);
    await others.query('CREATE TABLE things (id int PRIMARY KEY, amount bigint NOT NULL)');
    await createRefuseUnless(others);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([pool.end(), others.end()]);
    await postgres.stop();
  });
  beforeEach(() => others.query('TRUNCATE things'));

  const amounts = async (): Promise<string[]> => {
    const { rows } = await others.query<{ text: string }>(`SELECT id || ':' || amount AS text FROM things ORDER BY id`);
    return rows.map(({ text }) => text);
  };

  it('take effect together, and each sees what the ones before it did', async () => {
    for (const id of [1, 2]) {
      const [inserted, added, found] = await pipeline(pool, [
        bind(INSERT_THING, [id, 9_007_199_254_740_993n]),
        bind<Thing>(ADD_TO_THING, [id, 1n]),
        read(id),
      ]);
      expect(inserted.rowCount).toBe(1);
      expect(added.rows).toEqual([{ amount: 9_007_199_254_740_994n }]);
      expect(found.rows).toEqual(added.rows);
    }
    expect(await amounts()).toEqual(['1:9007199254740994', '2:9007199254740994']);
  });

  it('leave nothing behind when one of them fails, wherever it stands, and the connection goes on', async () => {
    const duplicate = [bind(INSERT_THING, [1, 1n]), bind(INSERT_THING, [1, 2n]), read(1), bind(ADD_TO_THING, [1, 1n])];
    await expect(pipeline(pool, duplicate)).rejects.toMatchObject({ code: '23505', constraint: 'things_pkey' });
    const last = [bind(INSERT_THING, [2, 1n]), read(2), bind({ name: 'broken', text: 'SELECT 1 / $1::int' }, [0])];
    await expect(pipeline(pool, last)).rejects.toThrow('division by zero');
    const notEvenParsed = [bind({ name: 'no-table', text: 'SELECT FROM nowhere' }), bind(INSERT_THING, [3, 1n])];
    await expect(pipeline(pool, notEvenParsed)).rejects.toThrow('"nowhere" does not exist');
    expect(await amounts()).toEqual([]);

    // Some of these were prepared on this connection by now, some were skipped before they were.
    await pipeline(pool, [bind(INSERT_THING, [1, 1n]), bind(ADD_TO_THING, [1, 1n]), read(1)]);
    expect(await amounts()).toEqual(['1:2']);
  });

  it('are refused by a statement that says no', async () => {
    await pipeline(pool, [bind(INSERT_THING, [1, 5n])]);
    const tooMuch = pipeline(pool, [bind(INSERT_THING, [2, 1n]), bind(TAKE_FROM_THING, [1, 6n]), read(1)]);
    await expect(tooMuch).rejects.toThrow(new StatementRefusedError('NOT_ENOUGH'));
    await expect(tooMuch).rejects.toMatchObject({ reason: 'NOT_ENOUGH' });
    expect(await amounts()).toEqual(['1:5']);

    const take = (amount: bigint) => pipeline(pool, [bind(INSERT_THING, [2, 1n]), bind(TAKE_FROM_THING, [1, amount])]);
    expect(await refusalOf(take(6n), ['SEEN_BEFORE', 'NOT_ENOUGH'])).toBe('NOT_ENOUGH');
    await expect(refusalOf(take(6n), ['SEEN_BEFORE'])).rejects.toThrow(StatementRefusedError);
    expect(await refusalOf(take(5n), ['SEEN_BEFORE', 'NOT_ENOUGH'])).toBeUndefined();
    await expect(refusalOf(take(0n), ['NOT_ENOUGH'])).rejects.toMatchObject({ constraint: 'things_pkey' });
    expect(await amounts()).toEqual(['1:0', '2:1']);
  });

  it('see what others committed while an earlier one of them waited for a lock', async () => {
    await others.query('INSERT INTO things VALUES (1, 1), (2, 1)');
    const rival = await holdLock(others, 'UPDATE things SET amount = 10');
    const waiting = pipeline(pool, [bind<Thing>(ADD_TO_THING, [1, 1n]), read(2)]);
    await untilWaiting(others, 1);
    await rival.release();
    const [added, found] = await waiting;
    expect([added.rows, found.rows]).toEqual([[{ amount: 11n }], [{ amount: 10n }]]);
  });

  it('have an unknown outcome when the connection breaks, and the pool survives it', async () => {
    await others.query('INSERT INTO things VALUES (1, 1)');
    const rival = await holdLock(others, 'UPDATE things SET amount = 10');
    const waiting = Promise.allSettled([pipeline(pool, [bind(INSERT_THING, [2, 1n]), bind(ADD_TO_THING, [1, 1n])])]);
    await untilWaiting(others, 1);
    await others.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
    const [outcome] = await waiting;
    expect(outcome).toMatchObject({ reason: expect.any(TransactionOutcomeUnknownError) });
    await rival.release();
    expect(await amounts()).toEqual(['1:10']);
    await pipeline(pool, [bind(INSERT_THING, [2, 1n])]);
    expect(await amounts()).toEqual(['1:10', '2:1']);
  });

  it('never take effect in part, where one of them cannot be sent at all', async () => {
    const unsendable = bind(INSERT_THING, [2, { amount: 1n }]);
    const mistaken = pipeline(pool, [bind(INSERT_THING, [1, 1n]), unsendable]);
    await expect(mistaken).rejects.toThrow(StatementsNotSentError);
    expect(await amounts()).toEqual([]);
    await pipeline(pool, [bind(INSERT_THING, [1, 1n])]);
    expect(await amounts()).toEqual(['1:1']);
  });

  it('are the same list for a pipeline and for a plain transaction, refusals included', async () => {
    const list = (id: number, taken: bigint) =>
      [bind(INSERT_THING, [id, 5n]), bind(TAKE_FROM_THING, [id, taken]), read(id)] as const;
    const plainly = (statements: ReturnType<typeof list>) => transaction(pool, (client) => runAll(client, statements));
    const [, , piped] = await pipeline(pool, list(1, 2n));
    const [, , plain] = await plainly(list(2, 2n));
    expect(plain).toEqual(piped);
    expect(await refusalOf(pipeline(pool, list(3, 6n)), ['NOT_ENOUGH'])).toBe('NOT_ENOUGH');
    expect(await refusalOf(plainly(list(4, 6n)), ['NOT_ENOUGH'])).toBe('NOT_ENOUGH');
    expect(await amounts()).toEqual(['1:3', '2:3']);
  });

  it('wait for a lock until the deadline of their caller, and change nothing after it', async () => {
    await others.query('INSERT INTO things VALUES (1, 1)');
    const rival = await holdLock(others, 'SELECT FROM things FOR UPDATE');
    const deadline = deadlineIn(100);
    const statements = [bind(INSERT_THING, [2, 1n]), bind(ADD_TO_THING, [1, 1n])] as const;
    await expect(pipeline(pool, statements, { deadline })).rejects.toThrow(LockTimeoutError);
    const plain = transaction(pool, (client) => runAll(client, statements), { deadline: deadlineIn(100) });
    await expect(plain).rejects.toThrow(LockTimeoutError);
    await rival.release();
    expect(await amounts()).toEqual(['1:1']);
    await pipeline(pool, statements, { deadline: deadlineIn(60_000) });
    expect(await amounts()).toEqual(['1:2', '2:1']);
    const { rows } = await pool.query<{ lock_timeout: string }>('SHOW lock_timeout');
    expect(rows).toEqual([{ lock_timeout: '0' }]);
  });

  it('have an unknown outcome when the answer does not come in time, and the connection is not used again', async () => {
    await others.query('INSERT INTO things VALUES (1, 1)');
    const rival = await holdLock(others, 'SELECT FROM things FOR UPDATE');
    const late = pipeline(pool, [bind(ADD_TO_THING, [1, 1n])], { answerTimeoutMs: 200 });
    await expect(late).rejects.toThrow(TransactionOutcomeUnknownError);
    const [found] = await pipeline(pool, [read(1)]);
    expect(found.rows).toEqual([{ amount: 1n }]);
    await rival.release();
  });
});
