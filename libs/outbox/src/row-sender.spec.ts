import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { RowSender } from './row-sender.js';
import { silentLogger } from './outbox-logger.js';
import type { OutboxMessage } from './outbox-message.js';
import type { UnsentRow } from './relay-session.js';

beforeEach(() => {
  jest.useFakeTimers();
  now = 1_000;
  readsDue = [];
});
afterEach(() => {
  jest.useRealTimers();
});

let now: number;
let readsDue: number[];
const owner = (): boolean => true;

const row = (id: string, key: string): UnsentRow => ({
  shard: 3,
  id,
  topic: 'story',
  tag: undefined,
  key,
  payload: id,
  delayMs: undefined,
  headers: {},
});

/** The test answers each publish, by the id of its row. */
function createSender(publishTimeoutMs = 1_000) {
  const answers = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const publish = ({ id }: OutboxMessage): Promise<void> =>
    new Promise((resolve, reject) => {
      answers.set(id, { resolve, reject });
    });
  const publisher = { publish };
  const sender = new RowSender({
    publisher,
    logger: silentLogger,
    inFlightMax: 8,
    publishTimeoutMs,
    backoff: { initialMs: 100, maxMs: 1_000 },
    clock: () => now,
    onProgress: () => undefined,
    onReadDue: (time) => void readsDue.push(time),
  });
  const turn = (): Promise<void> => jest.advanceTimersByTimeAsync(0);
  const sent = async (id: string): Promise<void> => {
    answers.get(id)?.resolve();
    await turn();
  };
  return { sender, publisher, answers, sent, turn };
}

it('lets every key try again at once when the broker is back after an outage, however long its back-off', async () => {
  const { sender, answers, sent, turn } = createSender();
  const rows = Array.from({ length: 32 }, (_, index) => row(`${index}`, `key ${index}`));
  sender.send(rows, owner);
  for (const { id } of rows) answers.get(id)?.reject(new Error('no route'));
  await turn();
  expect([sender.isBrokerAway, sender.excludedKeys()]).toEqual([true, rows.map(({ key }) => key)]);
  sender.send([row('new', 'other')], owner);
  readsDue = [];
  await sent('new');
  expect([sender.isBrokerAway, sender.excludedKeys(), readsDue]).toEqual([false, [], [0]]);
});

it('lets a key that fails alone wait, however many others are sent', async () => {
  const { sender, answers, sent, turn } = createSender();
  sender.send([row('1', 'bad'), row('2', 'good')], owner);
  answers.get('1')?.reject(new Error('too large'));
  await turn();
  await sent('2');
  expect(sender.excludedKeys()).toContain('bad');
});

it('sends rows of one key one after the other, and other keys at the same time', async () => {
  const { sender, answers, sent } = createSender();
  sender.send([row('1', 'a'), row('2', 'b'), row('3', 'a')], owner);
  expect([...answers.keys()]).toEqual(['1', '2']);
  await sent('1');
  expect([...answers.keys()]).toEqual(['1', '2', '3']);
  expect(sender.takeSent().map(({ id }) => id)).toEqual(['1']);
});

it('lets a key be read by the statement that marks its rows, and not before they have all been answered', async () => {
  const { sender, sent } = createSender();
  sender.send([row('1', 'a'), row('2', 'a'), row('3', 'b')], owner);
  await sent('1');
  expect(sender.excludedKeys()).toEqual(['a', 'b']);
  await sent('2');
  expect(sender.excludedKeys()).toEqual(['b']);
});

it('asks for a read when a key that a read has skipped is free, and otherwise for none', async () => {
  const { sender, sent } = createSender();
  sender.send([row('1', 'a'), row('2', 'b')], owner);
  await sent('1');
  expect(readsDue).toEqual([]);
  sender.excludedKeys();
  await sent('2');
  expect(readsDue).toEqual([0]);
});

it('asks for a read when the back-off of a key is over', async () => {
  const { sender, answers, turn } = createSender();
  sender.send([row('1', 'a')], owner);
  answers.get('1')?.reject(new Error('refused'));
  await turn();
  expect(sender.excludedKeys()).toEqual(['a']);
  expect(readsDue[0]).toBeGreaterThanOrEqual(now + 75);
  expect(readsDue[0]).toBeLessThanOrEqual(now + 125);
});

it('fails a row that is not answered in time, and ignores a late answer', async () => {
  const { sender, sent } = createSender(1_000);
  sender.send([row('1', 'a'), row('2', 'a')], owner);
  now += 999;
  await jest.advanceTimersByTimeAsync(100);
  expect(sender.inFlight).toBe(2);
  now += 1;
  await jest.advanceTimersByTimeAsync(100);
  expect(sender.inFlight).toBe(0);
  expect(sender.failedTotal).toBe(1);
  await sent('1');
  expect(sender.takeSent()).toEqual([]);
  expect(sender.inFlight).toBe(0);
  expect(jest.getTimerCount()).toBe(0);
});

it('fails the row of a publisher that throws instead of rejecting', async () => {
  const { sender, publisher, turn } = createSender();
  publisher.publish = () => {
    throw new Error('no promise');
  };
  sender.send([row('1', 'a')], owner);
  await turn();
  expect(sender.failedTotal).toBe(1);
  expect(sender.inFlight).toBe(0);
});

it('sends no more rows of a session that is lost, and keeps a key busy until its row is answered', async () => {
  const { sender, answers, sent } = createSender();
  sender.send([row('1', 'a'), row('2', 'a')], owner);
  sender.forgetAll();
  expect(sender.excludedKeys()).toEqual(['a']);
  await sent('1');
  expect([...answers.keys()]).toEqual(['1']);
  expect(sender.takeSent()).toEqual([]);
  expect(sender.excludedKeys()).toEqual([]);
  expect(readsDue).toEqual([0]);
});
