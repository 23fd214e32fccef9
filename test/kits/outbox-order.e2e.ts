import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createOutboxTable, OutboxRelay, writeOutbox } from '@rocketshop/outbox';
import type { OutboxMessage, OutboxPublisher, OutboxRelayOptions } from '@rocketshop/outbox';
import type { Pool } from 'pg';
import { createPool, startPostgres } from '../support/postgres.js';
import type { TestPostgres } from '../support/postgres.js';
import { createGate, until } from '../support/until.js';

// Real processes and servers: on a loaded machine a start alone can take seconds.
jest.setTimeout(60_000);

let postgres: TestPostgres;
let pool: Pool;
let relays: OutboxRelay[];

const migrate = async (url: string): Promise<void> => {
  const migrating = createPool(url);
  await createOutboxTable(migrating);
  await migrating.end();
};

beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());
beforeEach(async () => {
  relays = [];
  pool = createPool(await postgres.createDatabaseFrom('outbox', migrate), { max: 20 });
});
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  await pool.end();
});

/** A broker that keeps what it was given, in order, and can be told to fail or to hold. */
class RecordingBroker implements OutboxPublisher {
  readonly messages: OutboxMessage[] = [];
  before: (message: OutboxMessage) => Promise<void> | void = () => undefined;

  async publish(message: OutboxMessage): Promise<void> {
    await this.before(message);
    this.messages.push(message);
  }

  payloadsOf(key: string): unknown[] {
    return this.messages.filter((message) => message.key === key).map((message) => message.payload);
  }
}

function startRelay(publisher: OutboxPublisher, options: Partial<OutboxRelayOptions> = {}): OutboxRelay {
  const relay = new OutboxRelay({
    pool,
    publisher,
    pollIntervalMs: 25,
    rebalanceIntervalMs: 50,
    backoffInitialMs: 20,
    backoffMaxMs: 200,
    ...options,
  });
  relays.push(relay);
  relay.start();
  return relay;
}

async function commitRow(key: string, payload: unknown): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await writeOutbox(client, [{ topic: 'story', key, payload }]);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

const countUnsent = async (): Promise<number> => {
  const { rows } = await pool.query<{ unsent: number }>(
    'SELECT count(*)::int AS unsent FROM outbox WHERE sent_at IS NULL',
  );
  return rows[0]?.unsent ?? -1;
};

const allSent = async (): Promise<boolean> => (await countUnsent()) === 0;

const waitingForLocks = async (): Promise<number> => {
  const { rows } = await pool.query<{ waiting: number }>(
    'SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted',
  );
  return rows[0]?.waiting ?? 0;
};

const killSessionsWithLocks = (): Promise<unknown> =>
  pool.query(`SELECT pg_terminate_backend(pid) FROM (SELECT DISTINCT pid FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS holders`);

describe('two relays and one slow transaction', () => {
  it('sends the row that a slow transaction commits late, though rows with higher ids have long been sent', async () => {
    const broker = new RecordingBroker();
    startRelay(broker);
    startRelay(broker);
    const slow = await pool.connect();
    await slow.query('BEGIN');
    await writeOutbox(slow, [{ topic: 'story', key: 'slow', payload: 'written first' }]);

    for (let index = 0; index < 100; index++) await commitRow(`key-${index % 10}`, index);
    await until(() => broker.messages.length === 100, { description: 'the rows with higher ids' });
    await slow.query('COMMIT');
    slow.release();

    await until(allSent, { description: 'the slow row' });
    expect(broker.payloadsOf('slow')).toEqual(['written first']);
    expect(broker.messages).toHaveLength(101);
  });

  it('keeps the order of every key while both relays send', async () => {
    const broker = new RecordingBroker();
    broker.before = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    const first = startRelay(broker);
    const second = startRelay(broker);
    await until(() => first.state().shards === 8 && second.state().shards === 8, { description: 'equal shares' });

    const keys = Array.from({ length: 40 }, (_, index) => `order-${index}`);
    const writeAll = keys.map(async (key) => {
      for (let step = 0; step < 10; step++) await commitRow(key, step);
    });
    await Promise.all(writeAll);

    await until(allSent, { description: 'all rows to be sent' });
    for (const key of keys) expect(broker.payloadsOf(key)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(first.state().sentTotal).toBeGreaterThan(0);
    expect(second.state().sentTotal).toBeGreaterThan(0);
  });

  it('keeps the order of every key while relays come and go', async () => {
    const broker = new RecordingBroker();
    startRelay(broker);
    const keys = Array.from({ length: 20 }, (_, index) => `order-${index}`);
    const writing = Promise.all(
      keys.map(async (key) => {
        for (let step = 0; step < 20; step++) await commitRow(key, step);
      }),
    );
    for (let round = 0; round < 4; round++) {
      const relay = startRelay(broker);
      await until(() => relay.state().shards > 0, { description: 'a share for the newcomer' });
      await relay.stop();
    }
    await writing;

    await until(allSent, { description: 'all rows to be sent' });
    const inOrder = Array.from({ length: 20 }, (_, step) => step);
    for (const key of keys) expect(broker.payloadsOf(key)).toEqual(inOrder);
  });
});

describe('a key that cannot be sent', () => {
  it('waits alone, and goes on in order when it can be sent again', async () => {
    const broker = new RecordingBroker();
    let isHealed = false;
    broker.before = (message) => {
      if (message.key === 'poisoned' && !isHealed) throw new Error('message too large');
    };
    const relay = startRelay(broker);
    for (let step = 0; step < 3; step++) await commitRow('poisoned', step);
    for (let step = 0; step < 50; step++) await commitRow(`healthy-${step}`, step);

    await until(() => broker.messages.length === 50, { description: 'the healthy keys' });
    expect(broker.payloadsOf('poisoned')).toEqual([]);
    expect(relay.state().failingKeys).toBe(1);
    await until(async () => (await relay.lag()).unsent === 3, { description: 'all but the poisoned key to be marked' });

    isHealed = true;
    await until(allSent, { description: 'the poisoned key' });
    expect(broker.payloadsOf('poisoned')).toEqual([0, 1, 2]);
  });

  it('is one of many when the broker is down, and all are sent once it is back', async () => {
    const broker = new RecordingBroker();
    let attempts = 0;
    let isDown = true;
    broker.before = () => {
      attempts++;
      if (isDown) throw new Error('no route to the broker');
    };
    startRelay(broker);
    for (let step = 0; step < 400; step++) await commitRow(`order-${step}`, step);
    await until(() => attempts > 40, { description: 'the outage to be noticed' });

    isDown = false;
    await until(allSent, { description: 'everything after the outage' });
    expect(new Set(broker.messages.map(({ payload }) => payload)).size).toBe(400);
  });
});

describe('a relay that is killed', () => {
  it('between send and mark: the row is sent again, none is lost', async () => {
    const broker = new RecordingBroker();
    const gate = createGate();
    broker.before = async () => {
      await gate.opened;
    };
    startRelay(broker);
    await commitRow('order-1', 'deducted');
    await until(() => relays[0]?.state().inFlight === 1, { description: 'the row to be under way' });

    await pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    gate.open();

    await until(allSent, { description: 'the row to be sent and marked' });
    expect(broker.payloadsOf('order-1').length).toBeGreaterThanOrEqual(2);
    expect(new Set(broker.payloadsOf('order-1'))).toEqual(new Set(['deducted']));
  });

  it('keeps the order of a key whose row was with the broker when the session died', async () => {
    const broker = new RecordingBroker();
    const answer = createGate();
    let underWay = 0;
    broker.before = async (message) => {
      if (message.payload === 1 && underWay++ === 0) await answer.opened;
    };
    const relay = startRelay(broker);
    for (const payload of [1, 2, 3]) await commitRow('order', payload);
    await until(() => underWay === 1, { description: 'the first row to be with the broker' });
    const lost = relay.state().failedTotal;
    await killSessionsWithLocks();
    for (const key of ['a', 'b']) await commitRow(key, 'other');
    await until(() => broker.messages.length >= 2, { description: 'the other keys to go on in a new session' });
    expect(broker.payloadsOf('order')).toEqual([]);

    answer.open();
    await until(allSent, { description: 'all rows to be sent' });
    const payloads = broker.payloadsOf('order').map(Number);
    expect(payloads).toEqual(payloads.toSorted((one, other) => one - other));
    expect(new Set(payloads)).toEqual(new Set([1, 2, 3]));
    expect(relay.state().failedTotal).toBe(lost);
  });

  it('leaves its rows to the other relay', async () => {
    const holding = new RecordingBroker();
    const gate = createGate();
    holding.before = () => gate.opened;
    const dying = startRelay(holding, { stopTimeoutMs: 20 });
    await until(() => dying.state().shards === 16, { description: 'the first relay to own everything' });
    await commitRow('order-1', 'confirmed');
    await until(() => dying.state().inFlight === 1, { description: 'the row to be under way' });

    await dying.stop();
    const broker = new RecordingBroker();
    startRelay(broker);
    await until(allSent, { description: 'the other relay' });
    gate.open();
    expect(broker.payloadsOf('order-1')).toEqual(['confirmed']);
  });
});

describe('a nudge', () => {
  it('after a commit reaches whichever relay owns the key, long before anybody polls', async () => {
    const broker = new RecordingBroker();
    const patience = { pollIntervalMs: 3_000, rebalanceIntervalMs: 3_000 };
    const first = startRelay(broker, patience);
    await until(() => first.state().shards === 16, { description: 'the first to own everything' });
    const second = startRelay(broker, patience);
    await until(() => first.state().shards === 8 && second.state().shards === 8, { description: 'equal shares' });

    for (let index = 0; index < 40; index++) await commitRow(`order-${index}`, index);
    const startedAt = Date.now();
    first.nudge();
    await until(allSent, { description: 'the rows of both relays' });
    expect(Date.now() - startedAt).toBeLessThan(1_000);
    expect(second.state().sentTotal).toBeGreaterThan(0);
  }, 20_000);
});

describe('what the relay asks the database', () => {
  const QUIET = { pollIntervalMs: 600_000, rebalanceIntervalMs: 600_000 };
  const MARK_AND_READ = 'outbox-mark-sent-and-read-unsent';
  let statements: string[];

  /** A relay at rest on connections of its own, of which every statement is noted down. */
  async function startObservedRelay(
    publisher: OutboxPublisher,
    options: Partial<OutboxRelayOptions>,
  ): Promise<OutboxRelay> {
    statements = [];
    const observed = createPool(pool.options.connectionString ?? '');
    observed.on('connect', (client) => {
      const query = client.query.bind(client) as (statement: { name?: string }, ...rest: unknown[]) => unknown;
      Object.assign(client, {
        query: (statement: { name?: string }, ...rest: unknown[]) => {
          statements.push(statement.name ?? '');
          return query(statement, ...rest);
        },
      });
    });
    observedPools.push(observed);
    const relay = startRelay(publisher, { pool: observed, ...QUIET, ...options });
    await until(() => statements.includes(MARK_AND_READ), { description: 'the first look at the table' });
    statements = [];
    return relay;
  }

  const observedPools: Pool[] = [];
  afterEach(async () => {
    await Promise.all(relays.map((relay) => relay.stop()));
    await Promise.all(observedPools.splice(0).map((observed) => observed.end()));
  });

  it('is one statement for many commits: the time between two looks bounds them, not the commits', async () => {
    const broker = new RecordingBroker();
    broker.before = () => new Promise((resolve) => setTimeout(resolve, 2));
    const passIntervalMs = 100;
    const relay = await startObservedRelay(broker, { passIntervalMs });
    const startedAt = performance.now();
    const writers = Array.from({ length: 10 }, async (_, writer) => {
      for (let index = 0; index < 50; index++) {
        await commitRow(`order-${writer}-${index % 7}`, index);
        relay.nudge();
      }
    });
    await Promise.all(writers);
    await until(allSent, { description: 'all rows to be sent' });

    expect(broker.messages).toHaveLength(500);
    const looks = (performance.now() - startedAt) / passIntervalMs;
    expect(statements.length).toBeLessThanOrEqual(looks + 3);
    expect(statements.length).toBeLessThan(250);
  });

  it('for a commit alone is one read at once, however long the time between two looks, and one mark later', async () => {
    const broker = new RecordingBroker();
    let restedMs = 0;
    const relay = await startObservedRelay(broker, {
      passIntervalMs: 60_000,
      markIntervalMs: 20,
      clock: () => performance.now() + restedMs,
    });
    restedMs = 60_000;
    await commitRow('order', 'alone');
    relay.nudge();
    await until(allSent, { description: 'the row to be sent and marked' });
    expect(broker.payloadsOf('order')).toEqual(['alone']);
    expect(statements).toEqual([MARK_AND_READ, 'outbox-mark-sent']);
  });

  it('brings the next rows of a key with the mark of those before, each once and in order', async () => {
    const broker = new RecordingBroker();
    const relay = await startObservedRelay(broker, { passIntervalMs: 1, markIntervalMs: 600_000 });
    for (let step = 0; step < 100; step++) {
      await commitRow('order', step);
      relay.nudge();
      if (step % 3 === 0) await until(() => broker.messages.length === step + 1, { intervalMs: 1 });
    }
    await until(() => broker.messages.length === 100, { description: 'all rows of the key' });
    expect(broker.payloadsOf('order')).toEqual(Array.from({ length: 100 }, (_, step) => step));
    await relay.stop();
    expect(await countUnsent()).toBe(0);
  });

  it('reads a row that was committed while its key was busy as soon as the key is free', async () => {
    const broker = new RecordingBroker();
    const answer = createGate();
    broker.before = ({ payload }) => (payload === 'first' ? answer.opened : undefined);
    const relay = await startObservedRelay(broker, {});
    await commitRow('order', 'first');
    relay.nudge();
    await until(() => relay.state().inFlight === 1, { description: 'the first row to be with the broker' });
    await commitRow('order', 'second');
    await commitRow('other', 'third');
    relay.nudge();
    await until(() => broker.messages.length === 1, { description: 'the other key' });

    answer.open();
    await until(() => broker.messages.length === 3, { description: 'the key that was busy' });
    expect(broker.payloadsOf('order')).toEqual(['first', 'second']);
  });
});

describe('a broker that never answers', () => {
  it('has its row sent again when the time for an answer is over', async () => {
    const broker = new RecordingBroker();
    let attempts = 0;
    broker.before = () => (++attempts === 1 ? new Promise(() => undefined) : undefined);
    const relay = startRelay(broker, { publishTimeoutMs: 100 });
    await commitRow('order', 'confirmed');
    await until(allSent, { description: 'the row to be sent and marked' });
    expect(broker.payloadsOf('order')).toEqual(['confirmed']);
    expect(relay.state().failedTotal).toBe(1);
  });
});

describe('the row', () => {
  it('is invisible when its transaction rolls back', async () => {
    const broker = new RecordingBroker();
    const relay = startRelay(broker);
    const client = await pool.connect();
    await client.query('BEGIN');
    await writeOutbox(client, [{ topic: 'story', key: 'order-1', payload: 'never happened' }]);
    await client.query('ROLLBACK');
    client.release();
    await commitRow('order-1', 'happened');
    relay.nudge();

    await until(() => broker.messages.length > 0);
    expect(broker.payloadsOf('order-1')).toEqual(['happened']);
  });

  it('arrives as it was written: tag, headers, payload and what is left of its delay', async () => {
    const broker = new RecordingBroker();
    const row = {
      topic: 'timers',
      tag: 'close',
      key: 'order-1',
      payload: { orderId: 'o-1', lines: [1, 2] },
      delayMs: 60_000,
      headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    };
    await writeOutbox(pool, [row]);
    startRelay(broker);
    const [message] = await until(() => broker.messages.length === 1 && broker.messages);

    expect(message).toMatchObject({ topic: 'timers', tag: 'close', key: 'order-1', payload: row.payload });
    expect(message?.headers).toEqual(row.headers);
    expect(message?.delayMs).toBeGreaterThan(50_000);
    expect(message?.delayMs).toBeLessThanOrEqual(60_000);
  });

  it('is purged when it was sent long enough ago, and never while it is unsent', async () => {
    const broker = new RecordingBroker();
    broker.before = ({ key }) => {
      if (key === 'stuck') throw new Error('not now');
    };
    startRelay(broker, { keepSentMs: 1, purgeIntervalMs: 20 });
    await commitRow('sent', 1);
    await commitRow('stuck', 2);

    await until(async () => {
      const { rows } = await pool.query<{ order_key: string }>('SELECT order_key FROM outbox');
      return rows.length === 1 && rows[0]?.order_key === 'stuck';
    });
  });
});

describe('throughput', () => {
  it('publishes well over 2,000 rows a second', async () => {
    const rows = Array.from({ length: 10_000 }, (_, index) => ({
      topic: 'story',
      key: `order-${index % 2_500}`,
      payload: { index },
    }));
    await writeOutbox(pool, rows);
    const broker = new RecordingBroker();
    broker.before = () => new Promise((resolve) => setTimeout(resolve, 2));
    const startedAt = Date.now();
    startRelay(broker);
    await until(allSent, { timeoutMs: 30_000, description: '10,000 rows' });
    const perSecond = Math.round(10_000_000 / (Date.now() - startedAt));

    expect(broker.messages).toHaveLength(10_000);
    expect(perSecond).toBeGreaterThan(2_000);
  }, 40_000);
});

describe('a relay whose database hangs', () => {
  it('stops all the same', async () => {
    const broker = new RecordingBroker();
    const relay = startRelay(broker, { statementTimeoutMs: 300 });
    await commitRow('key', 1);
    await until(allSent, { description: 'the relay to be at work' });
    const rival = await pool.connect();
    await rival.query('BEGIN');
    await rival.query('LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE');
    await until(async () => (await waitingForLocks()) > 0, { description: 'the relay to wait for the table' });
    const startedAt = performance.now();
    await relay.stop();
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    await rival.query('ROLLBACK');
    rival.release();
  });
});

describe('a machine whose clock is set back by an hour', () => {
  it('shares the shards out at once all the same', async () => {
    const first = startRelay(new RecordingBroker());
    await until(() => first.state().shards === 16, { description: 'the first relay to own everything' });
    const now = Date.now.bind(Date);
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
    const second = startRelay(new RecordingBroker());
    await until(() => first.state().shards === 8 && second.state().shards === 8, {
      description: 'equal shares',
      timeoutMs: 5_000,
    });
    clock.mockRestore();
  });
});
