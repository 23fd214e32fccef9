import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageStore } from './message-store.js';
import type { MessageStoreOptions } from './store.options.js';
import { bodiesOf, written } from './testing/reading.js';
import { draftOf } from './testing/drafts.js';
import { StoreBox } from './testing/store-box.js';

let directory: string;
let store: MessageStore | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'store-spec-'));
});

afterEach(async () => {
  await store?.close();
  store = undefined;
  rmSync(directory, { recursive: true, force: true });
});

async function open(options: MessageStoreOptions = {}): Promise<MessageStore> {
  store = await MessageStore.open({
    dir: directory,
    mappedFileSizeCommitLog: 64 * 1024,
    maxMessageSize: 16 * 1024,
    zeroFillAheadBytes: 0,
    poisonReleasedSlabs: true,
    tailBytesMax: 128 * 1024,
    log: (level, message, fields) => {
      if (level === 'error')
        process.stderr.write(message + JSON.stringify(fields) + String((fields?.['error'] as Error)?.stack) + '\n');
    },
    ...options,
  });
  return store;
}

describe('a message store', () => {
  it('writes the record of the RocketMQ layout and gives it back without the trailer', async () => {
    const opened = await open({ now: () => 1_700_000_000_123, storeHost: { host: '10.0.0.1', port: 10_911 } });
    opened.append(draftOf('T', 2, 'hello'));
    await written(opened);
    const [record] = opened.reader.getMessages('T', 2, 0, 32).buffers;
    expect(record?.toString('hex')).toBe(
      '00000073daa320a73610a686000000020000000000000000000000000000000000000000000000000000018bcfe568000a00000500009c40' +
        '0000018bcfe5687b0a00000100002a9f0000000000000000000000000000000568656c6c6f0154001254414753015461674102' +
        '4b455953014b3102',
    );
    expect(opened.lastAppend.endOffset).toBe(115 + 20);
  });

  it.each(['ASYNC_FLUSH', 'SYNC_FLUSH'] as const)('keeps messages over a clean restart (%s)', async (flushDiskType) => {
    const first = await open({ flushDiskType });
    for (let index = 0; index < 1000; index++) first.append(draftOf('T', index % 4, `message ${index}`));
    await written(first);
    expect(first.reader.maxOffset('T', 0)).toBe(250);
    await first.close();
    const second = await open({ flushDiskType });
    const bodies = [0, 1, 2, 3].flatMap((queueId) => bodiesOf(second, 'T', queueId));
    expect(bodies).toHaveLength(1000);
    expect(new Set(bodies).size).toBe(1000);
    expect(bodiesOf(second, 'T', 1).slice(0, 3)).toEqual(['message 1', 'message 5', 'message 9']);
    expect(second.damage.count).toBe(0);
  });

  it('goes on when topics are deleted while their queues are being made durable', async () => {
    const opened = await open();
    const failures: Error[] = [];
    opened.onFatal = (error) => void failures.push(error);
    for (const topic of ['A', 'B', 'C', 'D']) opened.append(draftOf(topic, 0, topic));
    await written(opened);
    void opened.deleteTopic('A');
    void opened.deleteTopic('C');
    void opened.deleteTopic('D');
    await opened.close();
    expect(failures).toEqual([]);
    const again = await open();
    expect([...again.queues()].map(({ topic }) => topic)).toEqual(['B']);
    expect(bodiesOf(again, 'B', 0)).toEqual(['B']);
  });

  it('does not bring back after a kill what was deleted', async () => {
    const box = new StoreBox();
    const opened = await box.open();
    for (const topic of ['A', 'B', 'C']) opened.append(draftOf(topic, 0, topic));
    await written(opened);
    expect(await Promise.all([opened.deleteTopic('A'), opened.deleteTopic('C')])).toEqual([true, true]);
    box.kill();
    const again = await box.open();
    expect([...again.queues()].map(({ topic }) => topic)).toEqual(['B']);
    await again.close();
  });

  it('speaks of an abnormal end after one only', async () => {
    const box = new StoreBox();
    const opened = await box.open();
    opened.append(draftOf('T', 0, 'hello'));
    await written(opened);
    const abnormal = (): string[] => box.events.filter((event) => event.includes('abnormal'));
    expect(abnormal()).toEqual([]);
    box.kill();
    const again = await box.open();
    expect(abnormal()).toEqual(['info: The store was recovered after an abnormal end.']);
    await again.close();
  });

  it.each(['a kill', 'a clean end'])('keeps messages larger than what is allowed now, after %s', async (end) => {
    const files = { mappedFileSizeCommitLog: 256 * 1024, tailBytesMax: 512 * 1024 };
    const box = new StoreBox({ ...files, maxMessageSize: 64 * 1024 });
    const opened = await box.open();
    const large = 'x'.repeat(60_000);
    for (const body of ['before', large, 'after']) opened.append(draftOf('T', 0, body));
    await written(opened);
    if (end === 'a kill') box.kill();
    else await opened.close();
    const again = await box.open({ maxMessageSize: 1_000 });
    expect(bodiesOf(again, 'T', 0)).toEqual(['before', large, 'after']);
    expect(again.damage.count).toBe(0);
    await again.close();
  });
});
