import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { writeOutbox } from '@rocketshop/outbox';
import type { OutboxPublisher, OutboxRelay, OutboxRelayOptions } from '@rocketshop/outbox';
import { createGate, sessionsWaitingForLock, until } from '@rocketshop/shop-testkit';
import pg from 'pg';
import { OutboxRelays, RecordingBroker } from './outbox-relays.js';

// The test starts real servers, which can take seconds on a loaded machine.
jest.setTimeout(60_000);

let outbox: OutboxRelays;

beforeAll(async () => {
  outbox = await OutboxRelays.start();
}, 60_000);
afterAll(() => outbox.stop());
beforeEach(() => outbox.openDatabase());
afterEach(() => outbox.closeDatabase());

const QUIET = { pollIntervalMs: 600_000, rebalanceIntervalMs: 600_000, leaseTermMs: 600_000 };
const MARK_AND_READ = 'outbox-mark-sent-and-read-unsent';
let statements: string[];

/** A relay that waits, on connections whose statements are recorded. */
async function startObservedRelay(
  publisher: OutboxPublisher,
  options: Partial<OutboxRelayOptions>,
): Promise<OutboxRelay> {
  statements = [];
  const observed = outbox.openPool({
    Client: class extends pg.Client {
      override query = ((...given: Parameters<pg.Client['query']>) => {
        const [statement] = given as unknown as [{ readonly name?: string }];
        statements.push(statement.name ?? '');
        return super.query(...given);
      }) as pg.Client['query'];
    },
  });
  const relay = outbox.startRelay(publisher, { pool: observed, ...QUIET, ...options });
  await until(() => statements.includes(MARK_AND_READ), { description: 'the first read of the table' });
  statements = [];
  return relay;
}

describe('the work of the database', () => {
  it('is one statement for many commits: the time between two reads limits their number', async () => {
    const broker = new RecordingBroker();
    broker.before = () => new Promise((resolve) => setTimeout(resolve, 2));
    const passIntervalMs = 100;
    const relay = await startObservedRelay(broker, { passIntervalMs });
    const startedAt = performance.now();
    const writers = Array.from({ length: 10 }, async (_, writer) => {
      for (let index = 0; index < 50; index++) {
        await outbox.commitRow(`order-${writer}-${index % 7}`, index);
        relay.wake();
      }
    });
    await Promise.all(writers);
    await until(() => outbox.allSent(), { description: 'all rows to be sent' });

    expect(broker.messages).toHaveLength(500);
    const looks = (performance.now() - startedAt) / passIntervalMs;
    expect(statements.length).toBeLessThanOrEqual(looks + 3);
    expect(statements.length).toBeLessThan(250);
  });

  it('for a single commit is one read at once, however long the time between two reads, and one mark later', async () => {
    const broker = new RecordingBroker();
    let restedMs = 0;
    const relay = await startObservedRelay(broker, {
      passIntervalMs: 60_000,
      markIntervalMs: 20,
      clock: () => performance.now() + restedMs,
    });
    restedMs = 60_000;
    await outbox.commitRow('order', 'alone');
    relay.wake();
    await until(() => outbox.allSent(), { description: 'the row to be sent and marked' });
    expect(broker.payloadsOf('order')).toEqual(['alone']);
    expect(statements).toEqual([MARK_AND_READ, 'outbox-mark-sent']);
  });

  it('reads the next rows of a key with the mark of the rows before, each once and in order', async () => {
    const broker = new RecordingBroker();
    const relay = await startObservedRelay(broker, { passIntervalMs: 1, markIntervalMs: 600_000 });
    for (let step = 0; step < 100; step++) {
      await outbox.commitRow('order', step);
      relay.wake();
      if (step % 3 === 0) await until(() => broker.messages.length === step + 1, { intervalMs: 1 });
    }
    await until(() => broker.messages.length === 100, { description: 'all rows of the key' });
    expect(broker.payloadsOf('order')).toEqual(Array.from({ length: 100 }, (_, step) => step));
    await relay.stop();
    expect(await outbox.countUnsent()).toBe(0);
  });

  it('includes a read as soon as a key is free, for a row that was committed while the key was busy', async () => {
    const broker = new RecordingBroker();
    const answer = createGate();
    broker.before = ({ payload }) => (payload === 'first' ? answer.opened : undefined);
    const relay = await startObservedRelay(broker, {});
    await outbox.commitRow('order', 'first');
    relay.wake();
    await until(() => relay.state().inFlight === 1, { description: 'the first row to be with the broker' });
    await outbox.commitRow('order', 'second');
    await outbox.commitRow('other', 'third');
    relay.wake();
    await until(() => broker.messages.length === 1, { description: 'the other key' });

    answer.open();
    await until(() => broker.messages.length === 3, { description: 'the key that was busy' });
    expect(broker.payloadsOf('order')).toEqual(['first', 'second']);
  });
});

describe('a broker that is away', () => {
  it('is tried now and then, whatever is committed meanwhile', async () => {
    const broker = new RecordingBroker();
    broker.before = () => Promise.reject(new Error('no route'));
    const relay = await startObservedRelay(broker, { backoffInitialMs: 600_000, backoffMaxMs: 600_000 });
    for (let index = 0; index < 40; index++) await outbox.commitRow(`order-${index}`, index);
    relay.wake();
    await until(() => relay.state().failedTotal >= 32, { description: 'the outage to be noticed' });
    const before = relay.state().failedTotal;
    for (let index = 0; index < 40; index++) {
      await outbox.commitRow(`later-${index}`, index);
      relay.wake();
      await new Promise(setImmediate);
    }
    await relay.stop();
    // A read that was under way brings a few more rows.
    expect(relay.state().failedTotal).toBeLessThanOrEqual(before + 8);
    expect(statements.filter((name) => name === MARK_AND_READ).length).toBeLessThan(5);
  });
});

describe('a broker that never answers', () => {
  it('gets its row again after the time limit', async () => {
    const broker = new RecordingBroker();
    let attempts = 0;
    broker.before = () => (++attempts === 1 ? new Promise(() => undefined) : undefined);
    const relay = outbox.startRelay(broker, { publishTimeoutMs: 100 });
    await outbox.commitRow('order', 'confirmed');
    await until(() => outbox.allSent(), { description: 'the row to be sent and marked' });
    expect(broker.payloadsOf('order')).toEqual(['confirmed']);
    expect(relay.state().failedTotal).toBe(1);
  });
});

describe('throughput', () => {
  it('publishes well over 2,000 rows a second', async () => {
    const rows = Array.from({ length: 10_000 }, (_, index) => ({
      topic: 'story',
      key: `order-${index % 2_500}`,
      payload: { index },
    }));
    await writeOutbox(outbox.pool, rows);
    const broker = new RecordingBroker();
    broker.before = () => new Promise((resolve) => setTimeout(resolve, 2));
    const startedAt = Date.now();
    outbox.startRelay(broker);
    await until(() => outbox.allSent(), { timeoutMs: 30_000, description: '10,000 rows' });
    const perSecond = Math.round(10_000_000 / (Date.now() - startedAt));

    expect(broker.messages).toHaveLength(10_000);
    expect(perSecond).toBeGreaterThan(2_000);
  }, 40_000);
});

describe('a pool whose connections are all taken, with requests that wait for one', () => {
  it('holds up no message, also of a relay that has just lost its session', async () => {
    const pool = outbox.openPool({ max: 2, connectionTimeoutMillis: 0, application_name: 'busy' });
    const taken = [await pool.connect(), await pool.connect()];
    const request = pool.connect();
    try {
      const broker = new RecordingBroker();
      outbox.startRelay(broker, { pool });
      await outbox.commitRow('order', 'first');
      await until(() => broker.payloadsOf('order').includes('first'), {
        description: 'the message of a relay that has just started',
      });
      const names = `SELECT application_name AS name FROM pg_stat_activity JOIN outbox_relays ON pid = backend_pid`;
      expect((await outbox.pool.query<{ name: string }>(names)).rows).toEqual([{ name: 'busy' }]);

      await outbox.killSessions();
      await outbox.commitRow('order', 'second');
      // The first message may come once more: it was sent, and perhaps not marked.
      await until(() => broker.payloadsOf('order').includes('second'), {
        description: 'the message of a relay that was cut off',
      });
      expect(pool.waitingCount).toBe(1);
    } finally {
      for (const client of taken) client.release();
      (await request).release();
    }
  });
});

describe('a relay whose database does not answer', () => {
  it('stops within its time limits', async () => {
    const broker = new RecordingBroker();
    const relay = outbox.startRelay(broker, { statementTimeoutMs: 300 });
    await outbox.commitRow('key', 1);
    await until(() => outbox.allSent(), { description: 'the relay to send' });
    const rival = await outbox.pool.connect();
    await rival.query('BEGIN');
    await rival.query('LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE');
    await until(async () => (await sessionsWaitingForLock(outbox.pool)) > 0, {
      description: 'the relay to wait for the table',
    });
    const startedAt = performance.now();
    await relay.stop();
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    await rival.query('ROLLBACK');
    rival.release();
  });
});

describe('a machine whose clock is set back by an hour', () => {
  it('does not delay the sharing of shards', async () => {
    const first = outbox.startRelay(new RecordingBroker());
    await until(() => first.state().shards === 16, { description: 'the first relay to own everything' });
    const now = Date.now.bind(Date);
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
    const second = outbox.startRelay(new RecordingBroker());
    await until(() => first.state().shards === 8 && second.state().shards === 8, {
      description: 'equal shares',
      timeoutMs: 5_000,
    });
    clock.mockRestore();
  });
});
