// A theatre sells seats for somebody else's orders: it takes them once, and gives them back once.
import { createConsumedMessagesTable } from '@rocketshop/idempotency';
import { createOutboxLeases, createOutboxTable } from '@rocketshop/outbox';
import { deduct, ParticipantLog, undo } from '@rocketshop/participant';
import type { ParticipantDatabase } from '@rocketshop/participant';
import { bind, createRefuseUnless, deadlineIn, pipeline, run, transaction } from '@rocketshop/pg';
import { randomUUID } from 'node:crypto';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] });
const database: ParticipantDatabase = {
  transaction: (work) => transaction(pool, work),
  batch: (statements, options) => pipeline(pool, statements, options),
  query: (statement) => run(pool, statement),
};

// What an order takes: so many seats of a row. Both log tables have these columns.
const seatLog = new ParticipantLog<{ block: string; seats: number }>({
  name: 'seat',
  item: { block: 'text' },
  taken: { seats: 'integer' },
  another: 'other seats',
});

// In a migration:
await createRefuseUnless(pool);
await seatLog.createTables(pool);
await createConsumedMessagesTable(pool);
await createOutboxTable(pool);
await createOutboxLeases(pool);
await pool.query('CREATE TABLE blocks (block text PRIMARY KEY, free integer NOT NULL)');
await pool.query(`INSERT INTO blocks VALUES ('stalls', 3)`);

const TAKE_SEATS = {
  name: 'take-seats',
  text: `WITH taken AS (UPDATE blocks SET free = free - $2 WHERE block = $1 AND free >= $2 RETURNING block)
         SELECT refuse_unless(count(*) = 1, 'SOLD_OUT') FROM taken`,
};
const GIVE_SEATS_BACK = { name: 'give-seats-back', text: 'UPDATE blocks SET free = free + $2 WHERE block = $1' };

// The handler of a remote call. The same order again gets the first answer.
const reserve = (orderId: string, seats: number) =>
  deduct(database, seatLog, {
    orderId,
    rows: [{ block: 'stalls', seats }],
    take: [bind(TAKE_SEATS, ['stalls', seats])],
    refusals: ['SOLD_OUT'],
    deadline: deadlineIn(2_000),
  });

// The consumer of "the order is cancelled". The message may come twice, or before the call that it undoes.
const relay = { wake: () => undefined }; // in a service: the OutboxRelay, which sends the answers
const cancel = (orderId: string) =>
  undo(database, relay, seatLog, {
    orderId,
    kind: 'CANCEL',
    group: 'theatre-cancel',
    fence: [{ block: 'stalls' }],
    giveBack: async (client, { block, seats }) => void (await run(client, bind(GIVE_SEATS_BACK, [block, seats]))),
    answer: (outcome) => ({ topic: 'seats-compensated', key: orderId, payload: { orderId, outcome } }),
  });

const free = async () => (await pool.query<{ free: number }>('SELECT free FROM blocks')).rows[0]?.free;

const [ada, grace, linus] = [randomUUID(), randomUUID(), randomUUID()];
console.log(`ada: ${await reserve(ada, 2)}, again: ${await reserve(ada, 2)}, free: ${await free()}`);
console.log(`grace: ${await reserve(grace, 2)}`);
await Promise.all([cancel(ada), cancel(ada)]);
console.log(`ada cancels twice, free: ${await free()}, ada once more: ${await reserve(ada, 2)}`);
await cancel(linus);
console.log(`linus, after a cancel that came first: ${await reserve(linus, 1)}`);

await pool.end();
