import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { writeOutbox } from '@rocketshop/outbox';
import { createGate, until } from '@rocketshop/shop-testkit';
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

describe('two relays and one slow transaction', () => {
  it('send the row that a slow transaction commits late, after rows with higher ids', async () => {
    const broker = new RecordingBroker();
    outbox.startRelay(broker);
    outbox.startRelay(broker);
    const slow = await outbox.pool.connect();
    await slow.query('BEGIN');
    await writeOutbox(slow, [{ topic: 'story', key: 'slow', payload: 'written first' }]);

    for (let index = 0; index < 100; index++) await outbox.commitRow(`key-${index % 10}`, index);
    await until(() => broker.messages.length === 100, { description: 'the rows with higher ids' });
    await slow.query('COMMIT');
    slow.release();

    await until(() => outbox.allSent(), { description: 'the slow row' });
    expect(broker.payloadsOf('slow')).toEqual(['written first']);
    expect(broker.messages).toHaveLength(101);
  });

  it('keep the order of every key while both send', async () => {
    const broker = new RecordingBroker();
    broker.before = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    const first = outbox.startRelay(broker);
    const second = outbox.startRelay(broker);
    await until(() => first.state().shards === 8 && second.state().shards === 8, { description: 'equal shares' });

    const keys = Array.from({ length: 40 }, (_, index) => `order-${index}`);
    const writeAll = keys.map(async (key) => {
      for (let step = 0; step < 10; step++) await outbox.commitRow(key, step);
    });
    await Promise.all(writeAll);

    await until(() => outbox.allSent(), { description: 'all rows to be sent' });
    for (const key of keys) expect(broker.payloadsOf(key)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(first.state().sentTotal).toBeGreaterThan(0);
    expect(second.state().sentTotal).toBeGreaterThan(0);
  });

  it('keep the order of every key while relays start and stop', async () => {
    const broker = new RecordingBroker();
    outbox.startRelay(broker);
    const keys = Array.from({ length: 20 }, (_, index) => `order-${index}`);
    const writing = Promise.all(
      keys.map(async (key) => {
        for (let step = 0; step < 20; step++) await outbox.commitRow(key, step);
      }),
    );
    for (let round = 0; round < 4; round++) {
      const relay = outbox.startRelay(broker);
      await until(() => relay.state().shards > 0, { description: 'a share for the new relay' });
      await relay.stop();
    }
    await writing;

    await until(() => outbox.allSent(), { description: 'all rows to be sent' });
    const inOrder = Array.from({ length: 20 }, (_, step) => step);
    for (const key of keys) expect(broker.payloadsOf(key)).toEqual(inOrder);
  });
});

describe('a key that cannot be sent', () => {
  it('waits alone, and is sent in order when the publisher accepts it again', async () => {
    const broker = new RecordingBroker();
    let isHealed = false;
    broker.before = (message) => {
      if (message.key === 'poisoned' && !isHealed) throw new Error('message too large');
    };
    const relay = outbox.startRelay(broker);
    for (let step = 0; step < 3; step++) await outbox.commitRow('poisoned', step);
    for (let step = 0; step < 50; step++) await outbox.commitRow(`healthy-${step}`, step);

    await until(() => broker.messages.length === 50, { description: 'the other keys' });
    expect(broker.payloadsOf('poisoned')).toEqual([]);
    expect(relay.state().failingKeys).toBe(1);
    await until(async () => (await relay.lag()).unsent === 3, { description: 'all other keys to be marked' });

    isHealed = true;
    await until(() => outbox.allSent(), { description: 'the failing key' });
    expect(broker.payloadsOf('poisoned')).toEqual([0, 1, 2]);
  });

  it('is one of many while the broker is down; all are sent when it is back', async () => {
    const broker = new RecordingBroker();
    let attempts = 0;
    let isDown = true;
    broker.before = () => {
      attempts++;
      if (isDown) throw new Error('no route to the broker');
    };
    outbox.startRelay(broker);
    for (let step = 0; step < 400; step++) await outbox.commitRow(`order-${step}`, step);
    await until(() => attempts > 40, { description: 'the outage to be noticed' });

    isDown = false;
    await until(() => outbox.allSent(), { description: 'everything after the outage' });
    expect(new Set(broker.messages.map(({ payload }) => payload)).size).toBe(400);
  });
});

describe('more keys than are in flight at once, which no broker will ever take', () => {
  const HELPLESS = 100;

  it.each([
    ['are refused', () => Promise.reject(new Error('too large'))],
    ['are never answered', () => new Promise<void>(() => undefined)],
  ])('and %s keep nobody from the keys after them', async (_what, fail) => {
    const broker = new RecordingBroker();
    broker.before = ({ key }) => (key.startsWith('helpless') ? fail() : undefined);
    const rows = Array.from({ length: HELPLESS }, (_, index) => ({
      topic: 'story',
      key: `helpless-${index}`,
      payload: 1,
    }));
    await writeOutbox(outbox.pool, rows);
    const relay = outbox.startRelay(broker, { inFlightMax: 32, publishTimeoutMs: 100 });
    await until(() => relay.state().failingKeys === HELPLESS, {
      description: 'all of them to fail',
      timeoutMs: 30_000,
    });
    for (let index = 0; index < 20; index++) await outbox.commitRow(`order-${index}`, index);
    await until(() => broker.messages.length === 20, { description: 'the messages behind them', timeoutMs: 20_000 });
  });
});

describe('a relay that is killed', () => {
  it('between send and mark has its row sent again, and loses none', async () => {
    const broker = new RecordingBroker();
    const gate = createGate();
    broker.before = async () => {
      await gate.opened;
    };
    const relay = outbox.startRelay(broker);
    await outbox.commitRow('order-1', 'deducted');
    await until(() => relay.state().inFlight === 1, { description: 'the row to be in flight' });

    await outbox.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    gate.open();

    await until(() => outbox.allSent(), { description: 'the row to be sent and marked' });
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
    const relay = outbox.startRelay(broker);
    for (const payload of [1, 2, 3]) await outbox.commitRow('order', payload);
    await until(() => underWay === 1, { description: 'the first row to be with the broker' });
    const lost = relay.state().failedTotal;
    await outbox.killSessions();
    for (const key of ['a', 'b']) await outbox.commitRow(key, 'other');
    await until(() => broker.messages.length >= 2, { description: 'the other keys to go on in a new session' });
    expect(broker.payloadsOf('order')).toEqual([]);

    answer.open();
    await until(() => outbox.allSent(), { description: 'all rows to be sent' });
    const payloads = broker.payloadsOf('order').map(Number);
    expect(payloads).toEqual(payloads.toSorted((one, other) => one - other));
    expect(new Set(payloads)).toEqual(new Set([1, 2, 3]));
    expect(relay.state().failedTotal).toBe(lost);
  });

  it('has its rows sent by the other relay', async () => {
    const holding = new RecordingBroker();
    const gate = createGate();
    holding.before = () => gate.opened;
    const dying = outbox.startRelay(holding, { stopTimeoutMs: 20 });
    await until(() => dying.state().shards === 16, { description: 'the first relay to own everything' });
    await outbox.commitRow('order-1', 'confirmed');
    await until(() => dying.state().inFlight === 1, { description: 'the row to be in flight' });

    await dying.stop();
    const broker = new RecordingBroker();
    outbox.startRelay(broker);
    await until(() => outbox.allSent(), { description: 'the other relay' });
    gate.open();
    expect(broker.payloadsOf('order-1')).toEqual(['confirmed']);
  });
});

describe('a wake call', () => {
  it('after a commit wakes the relay that owns the key, long before the poll interval is over', async () => {
    const broker = new RecordingBroker();
    const slow = { pollIntervalMs: 3_000, rebalanceIntervalMs: 3_000 };
    const first = outbox.startRelay(broker, slow);
    await until(() => first.state().shards === 16, { description: 'the first to own everything' });
    const second = outbox.startRelay(broker, slow);
    await until(() => first.state().shards === 8 && second.state().shards === 8, { description: 'equal shares' });

    for (let index = 0; index < 40; index++) await outbox.commitRow(`order-${index}`, index);
    const startedAt = Date.now();
    first.wake();
    await until(() => outbox.allSent(), { description: 'the rows of both relays' });
    expect(Date.now() - startedAt).toBeLessThan(1_000);
    expect(second.state().sentTotal).toBeGreaterThan(0);
  }, 20_000);
});

describe('the row', () => {
  it('is invisible when its transaction rolls back', async () => {
    const broker = new RecordingBroker();
    const relay = outbox.startRelay(broker);
    const client = await outbox.pool.connect();
    await client.query('BEGIN');
    await writeOutbox(client, [{ topic: 'story', key: 'order-1', payload: 'never happened' }]);
    await client.query('ROLLBACK');
    client.release();
    await outbox.commitRow('order-1', 'happened');
    relay.wake();

    await until(() => broker.messages.length > 0);
    expect(broker.payloadsOf('order-1')).toEqual(['happened']);
  });

  it('is published as it was written: tag, headers, payload and the rest of its delay', async () => {
    const broker = new RecordingBroker();
    const row = {
      topic: 'timers',
      tag: 'close',
      key: 'order-1',
      payload: { orderId: 'o-1', lines: [1, 2] },
      delayMs: 60_000,
      headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    };
    await writeOutbox(outbox.pool, [row]);
    outbox.startRelay(broker);
    const [message] = await until(() => broker.messages.length === 1 && broker.messages);

    expect(message).toMatchObject({ topic: 'timers', tag: 'close', key: 'order-1', payload: row.payload });
    expect(message?.headers).toEqual(row.headers);
    expect(message?.delayMs).toBeGreaterThan(50_000);
    expect(message?.delayMs).toBeLessThanOrEqual(60_000);
  });

  it('is purged when it was sent long ago, and never while it is unsent', async () => {
    const broker = new RecordingBroker();
    broker.before = ({ key }) => {
      if (key === 'stuck') throw new Error('not now');
    };
    outbox.startRelay(broker, { keepSentMs: 1, purgeIntervalMs: 20 });
    await outbox.commitRow('sent', 1);
    await outbox.commitRow('stuck', 2);

    await until(async () => {
      const { rows } = await outbox.pool.query<{ order_key: string }>('SELECT order_key FROM outbox');
      return rows.length === 1 && rows[0]?.order_key === 'stuck';
    });
  });
});
