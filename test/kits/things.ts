import { bind } from '@rocketshop/pg';

/* What the stories of pipelines and batches do to their one table: things (id int PRIMARY KEY, amount int, or bigint). */

export const INSERT_THING = { name: 'insert-thing', text: 'INSERT INTO things (id, amount) VALUES ($1, $2)' };
export const ADD_TO_THING = {
  name: 'add-to-thing',
  text: 'UPDATE things SET amount = amount + $2 WHERE id = $1 RETURNING amount',
};
const READ_THING = { name: 'read-thing', text: 'SELECT id, amount FROM things WHERE id = $1' };
const REFUSE_UNLESS = { name: 'refuse-unless', text: `SELECT refuse_unless($1, 'NOT_TODAY')` };
export const DIVIDE_BY = { name: 'divide-by', text: 'SELECT 6 / $1::int AS quotient' };
/* Columnar: one execution for all requests that want the statement. */
const INSERT_ALL = {
  name: 'insert-all',
  columnar: true,
  text: `WITH new AS (INSERT INTO things SELECT * FROM unnest($1::int[], $2::int[]) RETURNING id)
         SELECT refuse_unless(count(*) = cardinality($1::int[]), 'NOT_ALL') FROM new`,
} as const;
/** Tells which execution of the statement changed the row: rows of one execution have the same text in `by`. */
const ADD_TO_ALL = {
  name: 'add-to-all',
  columnar: true,
  text: `UPDATE things SET amount = things.amount + more.amount
           FROM unnest($1::int[], $2::int[]) WITH ORDINALITY AS more (id, amount, line), (SELECT clock_timestamp()) AS now (at)
          WHERE things.id = more.id RETURNING more.line::int AS line, things.id, things.amount, now.at::text AS by`,
} as const;
const TELL_TRANSACTION = {
  name: 'tell-transaction',
  text: 'SELECT pg_current_xact_id()::text AS xid, pg_backend_pid() AS pid',
};

interface Transaction {
  /** Equal for requests that share a transaction. */
  readonly xid: string;
  /** The process of their connection. */
  readonly pid: number;
}
interface Thing {
  readonly id: number;
  readonly amount: number;
}
export const insert = (id: number, amount = 1) => bind(INSERT_THING, [id, amount]);
export const add = (id: number, amount = 1) => bind<Pick<Thing, 'amount'>>(ADD_TO_THING, [id, amount]);
export const read = (id: number) => bind<Thing>(READ_THING, [id]);
export const refuse = () => bind(REFUSE_UNLESS, [false]);
export const tellXid = () => bind<Transaction>(TELL_TRANSACTION);
export const insertOf = (...ids: number[]) => bind(INSERT_ALL, [ids, ids]);
export const addOf = (amount: number, ...ids: number[]) =>
  bind<Thing & { readonly by: string }>(ADD_TO_ALL, [ids, ids.map(() => amount)]);
