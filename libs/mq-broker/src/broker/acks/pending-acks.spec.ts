import { beforeEach, describe, expect, it } from '@jest/globals';
import { createResponse, type Peer } from '@rocketshop/mq-protocol';
import { PendingAcks, type AckSink } from './pending-acks.js';

const peer = { closed: false } as unknown as Peer;
const gone = { closed: true } as unknown as Peer;

describe('pending acks', () => {
  let answered: [opaque: number, code: number][];
  const sink: AckSink = {
    answer: (_peer, _type, opaque, code) => void answered.push([opaque, code]),
  };
  const push = (pending: PendingAcks, opaque: number, endOffset = opaque * 100, storedAtMs = 0, to = peer): void =>
    pending.push(endOffset, storedAtMs, to, 'JSON', opaque, endOffset - 100, 0, opaque, undefined);

  beforeEach(() => {
    answered = [];
  });

  it('settles in log order what the disk has, and nothing beyond', () => {
    const pending = new PendingAcks(100);
    for (const opaque of [1, 2, 3]) push(pending, opaque);
    pending.settle(199, 0, sink);
    expect(answered).toEqual([[1, 0]]);
    pending.settle(300, 0, sink);
    expect(answered).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
    expect(pending.size).toBe(0);
  });

  it('grows while it is in use and keeps the order', () => {
    const pending = new PendingAcks(64, 4);
    for (const opaque of [1, 2, 3]) push(pending, opaque);
    pending.settle(200, 0, sink);
    for (let opaque = 4; opaque <= 40; opaque += 1) push(pending, opaque);
    pending.settle(Infinity, 0, sink);
    expect(answered.map(([opaque]) => opaque)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  });

  it('is full at its maximum', () => {
    const pending = new PendingAcks(3, 2);
    for (const opaque of [1, 2]) push(pending, opaque);
    expect(pending.isFull).toBe(false);
    push(pending, 3);
    expect(pending.isFull).toBe(true);
  });

  it('answers what waited too long with another code, and leaves the rest', () => {
    const pending = new PendingAcks(10);
    push(pending, 1, 100, 1_000);
    push(pending, 2, 200, 2_000);
    pending.expire(1_500, 10, sink);
    expect(answered).toEqual([[1, 10]]);
    pending.settle(200, 0, sink);
    expect(answered).toEqual([
      [1, 10],
      [2, 0],
    ]);
  });

  it('gives back what never reached the disk, newest first', () => {
    const pending = new PendingAcks(10);
    for (const opaque of [1, 2, 3]) push(pending, opaque);
    expect(pending.withdraw(100).map(({ opaque }) => opaque)).toEqual([3, 2]);
    pending.settle(Infinity, 0, sink);
    expect(answered).toEqual([[1, 0]]);
  });

  it('says nothing to whoever has gone, and nothing at all once it is cleared', () => {
    const pending = new PendingAcks(10);
    push(pending, 1, 100, 0, gone);
    push(pending, 2);
    pending.settle(100, 0, sink);
    pending.clear();
    pending.settle(Infinity, 0, sink);
    expect(answered).toEqual([]);
    expect(pending.size).toBe(0);
  });

  it('hands over the answer another processor made', () => {
    const pending = new PendingAcks(10);
    const response = createResponse({ opaque: 7, serializeType: 'ROCKETMQ' }, 0);
    pending.push(100, 0, peer, 'ROCKETMQ', 7, 0, 0, 0, response);
    const seen: unknown[] = [];
    pending.settle(100, 0, { answer: (...values) => void seen.push(values[1], values[7]) });
    expect(seen).toEqual(['ROCKETMQ', response]);
  });
});
