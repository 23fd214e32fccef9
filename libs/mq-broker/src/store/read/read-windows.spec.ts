import { describe, expect, it } from '@jest/globals';
import type { MessageStore } from '../message-store.js';
import { draftOf } from '../testing/drafts.js';
import { bodiesOf, bodyOf, recordsOf, settled, written } from '../testing/reading.js';
import { StoreBox } from '../testing/store-box.js';

const QUEUES = 8;
const KIB = 1024;
const BLOCK_BYTES = 256 * KIB;

const bodyAt = (index: number, bytes: number): string => `${index}/`.padEnd(bytes, 'x');

async function fill(store: MessageStore, from: number, count: number, bytes: number): Promise<void> {
  for (let index = from; index < from + count; index++) {
    store.append(draftOf('T', index % QUEUES, bodyAt(index, bytes)));
    // One tick's messages must fit into RAM.
    if (index % 32 === 31) await written(store);
  }
  await written(store);
}

const expected = (queueId: number, count: number, bytes: number): string[] =>
  Array.from({ length: count / QUEUES }, (_, index) => bodyAt(index * QUEUES + queueId, bytes));

describe('what is read from the log', () => {
  it('is read once for all queues that lie in it, whoever is ahead', async () => {
    const box = new StoreBox({ mappedFileSizeCommitLog: 4 * KIB * KIB });
    const store = await box.open();
    await fill(store, 0, 1600, KIB);
    const bodies = Array.from({ length: QUEUES }, (): string[] => []);
    const next = Array.from({ length: QUEUES }, () => 0);
    const pull = (queueId: number): void => {
      const result = store.reader.getMessages('T', queueId, next[queueId] ?? 0, 32);
      for (const record of recordsOf(result.buffers)) bodies[queueId]?.push(bodyOf(record).toString());
      next[queueId] = result.nextBeginOffset;
    };
    const before = box.disk.reads;
    for (let lead = 0; lead < 3; lead++) pull(5);
    for (let round = 0; round < 7; round++) for (let queueId = QUEUES - 1; queueId >= 0; queueId--) pull(queueId);

    expect(bodies).toEqual(Array.from({ length: QUEUES }, (_, queueId) => expected(queueId, 1600, KIB)));
    // Each block, and each record that lies across two.
    const blocks = Math.ceil(store.maxPhysicalOffset / BLOCK_BYTES);
    expect(box.disk.reads - before).toBeLessThanOrEqual(2 * blocks);
    await store.close();
  });

  it('is right in files that end inside of a block', async () => {
    const store = await new StoreBox({ mappedFileSizeCommitLog: BLOCK_BYTES + 64 * KIB }).open();
    await fill(store, 0, 640, 5 * KIB);
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      expect(bodiesOf(store, 'T', queueId)).toEqual(expected(queueId, 640, 5 * KIB));
    }
    expect(store.damage.ranges).toEqual([]);
    await store.close();
  });

  it('is read again where a block held less, and zeros ahead of the log, when it was read first', async () => {
    const store = await new StoreBox({
      mappedFileSizeCommitLog: 16 * KIB * KIB,
      zeroFillAheadBytes: 9 * KIB * KIB,
    }).open();
    await fill(store, 0, 160, KIB);
    await settled();
    expect(bodiesOf(store, 'T', 3)).toEqual(expected(3, 160, KIB));
    await fill(store, 160, 640, KIB);
    expect(bodiesOf(store, 'T', 3)).toEqual(expected(3, 800, KIB));
    expect(store.damage.ranges).toEqual([]);
    await store.close();
  });
});
