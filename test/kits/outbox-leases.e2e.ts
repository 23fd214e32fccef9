import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createGate, createPool, FaultProxy, sessionsWaitingForLock, until } from '@rocketshop/shop-testkit';
import { OutboxRelays, RecordingBroker } from './outbox-relays.js';
import { RelayProcess } from './relay-process.js';

// The test starts real servers, which can take seconds on a loaded machine.
jest.setTimeout(60_000);

/** A story that is about the end of a term need not wait long for it. */
const SHORT_TERM = { leaseTermMs: 1_500, statementTimeoutMs: 1_000, rebalanceIntervalMs: 50, pollIntervalMs: 25 };
/** No term ends during the story. */
const LONG_TERM = { leaseTermMs: 600_000, rebalanceIntervalMs: 50, pollIntervalMs: 25 };

let outbox: OutboxRelays;
let other: RelayProcess | undefined;

beforeAll(async () => {
  outbox = await OutboxRelays.start();
}, 60_000);
afterAll(() => outbox.stop());
beforeEach(() => outbox.openDatabase());
afterEach(async () => {
  await other?.kill();
  await outbox.closeDatabase();
});

/** How many shards each relay holds, by its id. */
async function readShares(): Promise<number[]> {
  const { rows } = await outbox.pool.query<{ shards: number }>(
    'SELECT count(*)::int AS shards FROM outbox_leases WHERE holder IS NOT NULL GROUP BY holder ORDER BY holder',
  );
  return rows.map(({ shards }) => shards);
}

const untilOtherHoldsAll = () =>
  until(async () => (await readShares())[0] === 16, { description: 'the other process to hold all shards' });

const ROWS = Array.from({ length: 5 }, (_, index) => index);
const KEYS = Array.from({ length: 24 }, (_, index) => `order-${index}`);

describe('a relay that is frozen in the middle of its work', () => {
  it('loses its shards after its term, and sends nothing more of them when it goes on', async () => {
    other = RelayProcess.start(outbox.url, 300, SHORT_TERM);
    await untilOtherHoldsAll();
    for (const row of ROWS) for (const key of KEYS) await outbox.commitRow(key, row);
    const process = other;
    await until(() => process.sent.length > 0, { description: 'the first rows to be sent' });
    process.freeze();
    const sentBefore = process.sent.length;

    const broker = new RecordingBroker();
    const relay = outbox.startRelay(broker, SHORT_TERM);
    await until(() => relay.state().shards === 16, { description: 'the live relay to hold all shards' });
    await until(() => outbox.allSent(), { description: 'the live relay to send what is left' });
    for (const key of KEYS) {
      const payloads = broker.payloadsOf(key).map(Number);
      expect(payloads).toEqual(ROWS.slice(ROWS.length - payloads.length));
    }

    process.thaw();
    await until(() => relay.state().shards === 8, { description: 'both relays to share again' });
    await outbox.commitRow('after', 'the thaw');
    await until(() => outbox.allSent(), { description: 'the row after the thaw' });
    // The rows that were on their way when it was frozen arrived. Each was the first of its key that was not sent before.
    const late = process.sent.slice(sentBefore).filter((line) => !line.startsWith('after'));
    expect(new Set(late.map((line) => line.split(' ')[0])).size).toBe(late.length);
  });

  it('loses its shards though the clock of the database was set back', async () => {
    other = RelayProcess.start(outbox.url, 0, LONG_TERM);
    await untilOtherHoldsAll();
    other.freeze();
    await outbox.pool.query(
      `UPDATE outbox_relays SET renewed_at = renewed_at + interval '1 hour', expires_at = expires_at + interval '1 hour'`,
    );
    const relay = outbox.startRelay(new RecordingBroker(), SHORT_TERM);
    await until(() => relay.state().shards === 16, { description: 'the live relay to hold all shards' });
  });
});

describe('a relay whose process is killed', () => {
  it('leaves its shards to the next one at once, however long its term', async () => {
    other = RelayProcess.start(outbox.url, 0, LONG_TERM);
    await untilOtherHoldsAll();
    await other.kill();
    const relay = outbox.startRelay(new RecordingBroker(), LONG_TERM);
    await until(() => relay.state().shards === 16, { description: 'the next relay to hold all shards' });
  });
});

describe('a database whose every answer is slow', () => {
  it('costs the relay no shard, though the statements of a pass take longer than a term', async () => {
    const { port } = new URL(outbox.url);
    const proxy = await FaultProxy.start({ port: Number(port) });
    proxy.use(({ direction }) => (direction === 'answer' ? { delayMs: 350 } : 'pass'));
    const broker = new RecordingBroker();
    const pool = createPool(outbox.url.replace(port, String(proxy.port)));
    const relay = outbox.startRelay(broker, { ...SHORT_TERM, pool });
    try {
      await outbox.commitRow('order', 1);
      await until(() => outbox.allSent(), { description: 'the row to be sent and marked' });
      expect(relay.state().leasesLostTotal).toBe(0);
      expect(broker.payloadsOf('order')).toEqual([1]);
    } finally {
      await relay.stop();
      await pool.end();
      await proxy.stop();
    }
  });
});

describe('a relay that stops', () => {
  it('leaves its shards to the others at once, without their looking for them', async () => {
    const rarely = { ...LONG_TERM, rebalanceIntervalMs: 600_000 };
    const first = outbox.startRelay(new RecordingBroker(), rarely);
    await until(() => first.state().shards === 16, { description: 'the first relay to hold all shards' });
    const second = outbox.startRelay(new RecordingBroker(), rarely);
    await until(() => first.state().shards === 8 && second.state().shards === 8, { description: 'equal shares' });
    await first.stop();
    await until(() => second.state().shards === 16, { description: 'the second relay to hold all shards' });
  });
});

describe('a relay whose shards were taken', () => {
  /** What a relay in another process does when it finds the term over. */
  const takeAll = () =>
    outbox.pool.query(`WITH taker AS (INSERT INTO outbox_relays (backend_pid, backend_start, renewed_at, expires_at)
        SELECT pid, backend_start, now(), now() + interval '1 hour' FROM pg_stat_get_activity(pg_backend_pid()) RETURNING id)
      UPDATE outbox_leases SET holder = taker.id FROM taker`);

  it('marks and reads no row of them, though it has not noticed yet', async () => {
    const broker = new RecordingBroker();
    const answer = createGate();
    broker.before = () => answer.opened;
    const relay = outbox.startRelay(broker, LONG_TERM);
    await outbox.commitRow('order', 'first');
    await until(() => relay.state().inFlight === 1, { description: 'the row to be with the broker' });
    await takeAll();
    await outbox.commitRow('other', 'second');
    answer.open();
    await until(() => broker.messages.length === 1, { description: 'the broker to have the row' });
    await relay.stop();
    expect(await outbox.countUnsent()).toBe(2);
    expect(broker.messages).toHaveLength(1);
  });

  it('notices when it renews its term, and takes part again as a new relay', async () => {
    const relay = outbox.startRelay(new RecordingBroker(), SHORT_TERM);
    await until(() => relay.state().shards === 16, { description: 'the relay to hold all shards' });
    await takeAll();
    await until(() => relay.state().leasesLostTotal === 1, { description: 'the relay to notice' });
    // The taker leaves: its row says one hour.
    await outbox.pool.query(`DELETE FROM outbox_relays WHERE expires_at > now() + interval '1 minute'`);
    await until(() => relay.state().shards === 16, { description: 'the relay to hold all shards again' });
  });
});

describe('somebody who locks rows of the outbox for long', () => {
  it('holds up the keys of these rows, and no others', async () => {
    const broker = new RecordingBroker();
    const answer = createGate();
    broker.before = ({ key }) => (key === 'locked' ? answer.opened : undefined);
    const relay = outbox.startRelay(broker);
    await outbox.commitRow('locked', 1);
    await until(() => relay.state().inFlight === 1, { description: 'the row to be with the broker' });
    const rival = await outbox.pool.connect();
    await rival.query('BEGIN');
    await rival.query('SELECT FROM outbox FOR UPDATE');
    answer.open();
    await outbox.commitRow('locked', 2);
    for (const key of KEYS) await outbox.commitRow(key, 1);
    await until(() => broker.messages.length === KEYS.length + 1, { description: 'the other keys' });
    await until(async () => (await outbox.countUnsent()) === 2, { description: 'the other keys to be marked' });
    expect(broker.payloadsOf('locked')).toEqual([1]);

    await rival.query('COMMIT');
    rival.release();
    await until(() => outbox.allSent(), { description: 'the locked key' });
    expect(broker.payloadsOf('locked')).toEqual([1, 2]);
    expect(relay.state().leasesLostTotal).toBe(0);
  });

  it('and deletes them, keeps no shard from the other relays', async () => {
    const broker = new RecordingBroker();
    const answer = createGate();
    broker.before = () => answer.opened;
    const relay = outbox.startRelay(broker, LONG_TERM);
    for (const key of KEYS) await outbox.commitRow(key, 1);
    await until(() => relay.state().inFlight === KEYS.length, { description: 'all rows to be with the broker' });
    const rival = await outbox.pool.connect();
    await rival.query('BEGIN');
    await rival.query('DELETE FROM outbox');
    answer.open();
    await until(async () => (await sessionsWaitingForLock(outbox.pool)) > 0, { description: 'the mark to wait' });
    await until(async () => (await sessionsWaitingForLock(outbox.pool)) === 0, { description: 'the wait to end' });
    await rival.query('COMMIT');
    rival.release();
    const other = outbox.startRelay(broker, LONG_TERM);
    await until(() => other.state().shards === 8, { description: 'the other relay to get its share' });
  });

  it('or the rows of the leases, stops no relay', async () => {
    const broker = new RecordingBroker();
    outbox.startRelay(broker, SHORT_TERM);
    await outbox.commitRow('before', 1);
    await until(() => outbox.allSent(), { description: 'the relay to send' });
    const rival = await outbox.pool.connect();
    await rival.query('BEGIN');
    await rival.query('SELECT FROM outbox_leases FOR UPDATE');
    await outbox.commitRow('while the leases are locked', 1);
    await until(() => outbox.allSent(), { description: 'a row while the leases are locked' });
    await rival.query('COMMIT');
    await rival.query('BEGIN');
    await rival.query('SELECT FROM outbox_relays FOR UPDATE');
    const countRelays = () => outbox.pool.query('SELECT FROM outbox_relays');
    await until(async () => (await countRelays()).rowCount === 2, { description: 'the relay to register anew' });
    await outbox.commitRow('while the relay is locked', 1);
    await until(() => outbox.allSent(), { description: 'a row while the row of the relay is locked' });
    await rival.query('COMMIT');
    rival.release();
  });
});
