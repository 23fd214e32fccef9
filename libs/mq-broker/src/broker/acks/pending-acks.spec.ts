import { beforeEach, describe, expect, it } from '@jest/globals';
import { createResponse } from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';
import { PendingAcks } from './pending-acks.js';
import type { Ack } from './pending-acks.js';

const peer = { closed: false } as unknown as Peer;

describe('pending acks', () => {
  let visited: number[];
  const visit = ({ opaque }: Ack): void => void visited.push(opaque);
  const add = (pending: PendingAcks, opaque: number, endOffset = opaque * 100, storedAtMs = 0): Ack =>
    Object.assign(pending.add(), { peer, opaque, endOffset, storedAtMs, response: undefined });

  beforeEach(() => {
    visited = [];
  });

  it('settles in log order what the disk has, and nothing beyond', () => {
    const pending = new PendingAcks();
    for (const opaque of [1, 2, 3]) add(pending, opaque);
    pending.settle(199, visit);
    expect(visited).toEqual([1]);
    pending.settle(300, visit);
    expect(visited).toEqual([1, 2, 3]);
    expect(pending.size).toBe(0);
  });

  it('grows while it is in use and keeps the order', () => {
    const pending = new PendingAcks(4);
    for (const opaque of [1, 2, 3]) add(pending, opaque);
    pending.settle(200, visit);
    for (let opaque = 4; opaque <= 40; opaque += 1) add(pending, opaque);
    pending.settle(Infinity, visit);
    expect(visited).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  });

  it('hands over what waited too long, and leaves the rest', () => {
    const pending = new PendingAcks();
    add(pending, 1, 100, 1_000);
    add(pending, 2, 200, 2_000);
    pending.expire(1_500, visit);
    expect(visited).toEqual([1]);
    pending.settle(200, visit);
    expect(visited).toEqual([1, 2]);
  });

  it('gives back what never reached the disk, newest first', () => {
    const pending = new PendingAcks();
    for (const opaque of [1, 2, 3]) add(pending, opaque);
    pending.withdraw(100, visit);
    expect(visited).toEqual([3, 2]);
    pending.settle(Infinity, visit);
    expect(visited).toEqual([3, 2, 1]);
  });

  it('hands over nothing once it is cleared', () => {
    const pending = new PendingAcks();
    add(pending, 1);
    pending.clear();
    pending.settle(Infinity, visit);
    expect([visited, pending.size]).toEqual([[], 0]);
  });

  it('uses its records again, and keeps neither connection nor answer of an earlier use', () => {
    const pending = new PendingAcks(1);
    const first = add(pending, 1);
    first.response = createResponse({ opaque: 1, serializeType: 'ROCKETMQ' }, 0);
    pending.settle(Infinity, visit);
    expect([first.peer, first.response]).toEqual([undefined, undefined]);
    expect(pending.add()).toBe(first);
  });
});
