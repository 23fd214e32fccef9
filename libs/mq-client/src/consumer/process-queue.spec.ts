import { describe, expect, it } from '@jest/globals';
import type { MessageExt } from '@rocketshop/mq-protocol';
import { ProcessQueue } from './process-queue.js';
import type { CachedMessage } from './process-queue.js';

const queue = { topic: 'T', brokerName: 'broker-a', queueId: 0 };
const message = (queueOffset: number, bytes = 10): MessageExt =>
  ({ queueOffset, body: Buffer.alloc(bytes) }) as MessageExt;

describe('ProcessQueue', () => {
  it('commits the offset behind the last message when all are finished, and the start offset before the first pull', () => {
    const processQueue = new ProcessQueue(queue, 7);
    expect(processQueue.commitOffset).toBe(7);
    const [first, second] = processQueue.add([message(7), message(8)], 9);
    expect(processQueue.commitOffset).toBe(7);
    processQueue.finish(second as CachedMessage);
    expect(processQueue.commitOffset).toBe(7);
    processQueue.finish(first as CachedMessage);
    expect(processQueue.commitOffset).toBe(9);
  });

  it('commits past offsets that the broker filtered out', () => {
    const processQueue = new ProcessQueue(queue, 0);
    processQueue.add([], 40);
    expect(processQueue.commitOffset).toBe(40);
    const [only] = processQueue.add([message(45)], 50);
    expect(processQueue.commitOffset).toBe(45);
    processQueue.finish(only as CachedMessage);
    expect(processQueue.commitOffset).toBe(50);
  });

  it('counts a message once that is finished twice', () => {
    const processQueue = new ProcessQueue(queue, 0);
    const [first] = processQueue.add([message(0), message(1)], 2);
    processQueue.finish(first as CachedMessage);
    processQueue.finish(first as CachedMessage);
    expect([processQueue.count, processQueue.bytes, processQueue.commitOffset]).toEqual([1, 10, 1]);
  });

  it('measures count, bytes and span of the unfinished messages', () => {
    const processQueue = new ProcessQueue(queue, 0);
    const [first, second] = processQueue.add([message(0, 5), message(30, 6), message(100, 7)], 101);
    expect([processQueue.count, processQueue.bytes, processQueue.span]).toEqual([3, 18, 100]);
    processQueue.finish(first as CachedMessage);
    expect([processQueue.count, processQueue.bytes, processQueue.span]).toEqual([2, 13, 70]);
    processQueue.finish(second as CachedMessage);
    expect([processQueue.minCachedOffset, processQueue.maxCachedOffset, processQueue.span]).toEqual([100, 100, 0]);
  });

  it('never commits past an unfinished message, and never a smaller offset, in whatever order messages finish', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = randomOf(seed);
      const processQueue = new ProcessQueue(queue, 0);
      const open = new Set<CachedMessage>();
      let nextOffset = 0;
      let lastCommit = 0;
      for (let step = 0; step < 1_500; step++) {
        if (open.size === 0 || (open.size < 60 && random() < 0.1)) {
          const offsets = Array.from(
            { length: Math.floor(random() * 33) },
            () => (nextOffset += 1 + Math.floor(random() * 2)),
          );
          nextOffset += 1;
          for (const entry of processQueue.add(
            offsets.map((offset) => message(offset)),
            nextOffset,
          ))
            open.add(entry);
        } else {
          const entries = [...open];
          const entry = entries[Math.floor(random() * entries.length)] as CachedMessage;
          open.delete(entry);
          processQueue.finish(entry);
        }
        const unfinished = [...open].map((entry) => entry.message.queueOffset);
        const expected = unfinished.length === 0 ? nextOffset : Math.min(...unfinished);
        if (processQueue.commitOffset !== expected || processQueue.commitOffset < lastCommit) {
          throw new Error(`seed ${seed} step ${step}: commits ${processQueue.commitOffset}, lowest is ${expected}`);
        }
        lastCommit = processQueue.commitOffset;
      }
      expect(processQueue.count).toBe(open.size);
    }
  });
});

/** A linear congruential generator, so that a failing seed can be run again. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}
