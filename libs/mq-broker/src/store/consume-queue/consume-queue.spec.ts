import { describe, expect, it } from '@jest/globals';
import type { MessageStore } from '../message-store.js';
import { javaHash } from '../recovery/queue-builder.js';
import { draftOf } from '../testing/drafts.js';
import { bodiesOf, recordsOf, settled, written } from '../testing/reading.js';
import { StoreBox } from '../testing/store-box.js';

const QUEUE_FILE = '/store/consumequeue/T/0/00000000000000000000';

async function fill(store: MessageStore, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const tag = index % 3 === 0 ? 'TagA' : 'TagB';
    store.append(
      draftOf('T', index % 2, `message ${index}`, {
        properties: Buffer.from(`TAGS\u0001${tag}\u0002`),
        tagsCode: javaHash(tag),
      }),
    );
  }
  await written(store);
}

describe('a consume queue', () => {
  it('is written as RocketMQ does', async () => {
    const box = new StoreBox();
    const store = await box.open();
    await fill(store, 2);
    await store.close();
    expect(box.disk.contentOf(QUEUE_FILE).toString('hex')).toBe('0000000000000000' + '00000083' + '000000000027a807');
  });

  it('holds more than RAM keeps, over several files, and is read back from any place', async () => {
    const box = new StoreBox({ mappedFileUnitsConsumeQueue: 1500 });
    const store = await box.open();
    await fill(store, 10_000);
    for (const offset of [0, 1, 1023, 1024, 1499, 1500, 2047, 2048, 2999, 3000, 4500, 4999]) {
      expect(bodiesOf(store, 'T', 0, offset)[0]).toBe(`message ${offset * 2}`);
    }
    expect(bodiesOf(store, 'T', 1)).toHaveLength(5000);
    await store.close();
    const again = await box.open({ mappedFileUnitsConsumeQueue: 1500 });
    expect(bodiesOf(again, 'T', 1)).toHaveLength(5000);
    expect(box.events.join()).not.toContain('built again');
    await again.close();
  });

  it.each([
    ['all consume queues were deleted', '/store/consumequeue', true],
    ['one queue was deleted', '/store/consumequeue/T/0', true],
    ['one queue was deleted and the broker was killed', '/store/consumequeue/T/0', false],
    ['the checkpoint is gone', '/store/checkpoint', true],
    ['the checkpoint is gone and the broker was killed', '/store/checkpoint', false],
  ])('is built again from the log when %s', async (_name, path, clean) => {
    const box = new StoreBox({ checkpointIntervalMs: 5 });
    const store = await box.open();
    await fill(store, 5000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await fill(store, 10);
    if (clean) await store.close();
    else box.kill();
    const before = box.disk.snapshot();
    const unharmed = await box.open();
    const expected = [bodiesOf(unharmed, 'T', 0), bodiesOf(unharmed, 'T', 1)];
    box.disk.restore(before);
    box.dropLock();
    box.disk.removeDirectory(path);
    for (const name of ['checkpoint', 'checkpoint.bak'])
      if (path.endsWith('checkpoint')) box.disk.unlink(`/store/${name}`);
    const rebuilt = await box.open();
    expect([bodiesOf(rebuilt, 'T', 0), bodiesOf(rebuilt, 'T', 1)]).toEqual(expected);
    expect(expected[0]).toHaveLength(2505);
    await fill(rebuilt, 2);
    expect(rebuilt.reader.maxOffset('T', 0)).toBe(2506);
    await rebuilt.close();
    for (const [name, content] of before) {
      if (!/consumequeue.*\d$/.test(name)) continue;
      expect(box.disk.contentOf(name).subarray(0, content.length).equals(content)).toBe(true);
    }
  });

  it('with a flipped bit in a unit is repaired from the log before anybody sees it', async () => {
    const box = new StoreBox();
    const store = await box.open();
    await fill(store, 5000);
    await store.close();
    const files = box.disk.snapshot();
    const matches = (code: number): boolean => code === javaHash('TagA');
    for (const [unit, byte] of [
      [10, 2],
      [10, 9],
      [700, 18],
      [1023, 19],
      [1500, 17],
      [2499, 12],
    ] as const) {
      box.disk.restore(files);
      box.dropLock();
      box.disk.flipBit(QUEUE_FILE, unit * 20 + byte, 1);
      const opened = await box.open();
      expect(bodiesOf(opened, 'T', 0)).toHaveLength(2500);
      const found = opened.reader.getMessages('T', 0, unit - (unit % 3), 1, { tagMatcher: matches });
      expect(recordsOf(found.buffers)).toHaveLength(1);
      box.kill();
    }
  });

  it('of a deleted topic does not come back, not even when it was made again', async () => {
    const box = new StoreBox();
    const store = await box.open();
    await fill(store, 100);
    void store.deleteTopic('T');
    expect(store.reader.maxOffset('T', 0)).toBe(0);
    store.append(draftOf('T', 0, 'new life'));
    expect(store.lastAppend.queueOffset).toBe(0);
    await written(store);
    await settled();
    box.kill();
    const again = await box.open();
    expect(bodiesOf(again, 'T', 0)).toEqual(['new life']);
    expect(again.reader.maxOffset('T', 1)).toBe(0);
    box.kill();
    box.disk.removeDirectory('/store/consumequeue');
    const rebuilt = await box.open();
    expect(bodiesOf(rebuilt, 'T', 0)).toEqual(['new life']);
    await rebuilt.close();
  });
});
