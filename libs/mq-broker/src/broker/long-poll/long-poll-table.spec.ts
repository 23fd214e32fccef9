import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Peer } from '@rocketshop/mq-protocol';
import { ManualClock } from '../../testing/manual-clock.js';
import { acceptAll, parseSubscription } from '../pull/subscription-filter.js';
import { LongPollTable } from './long-poll-table.js';
import type { HeldPull } from './long-poll-table.js';

const TAG_A = 2598919;
const TAG_B = 2598920;
const nextTick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

describe('held pulls', () => {
  let clock: ManualClock;
  let woken: number[];
  let table: LongPollTable;
  const peer = { closed: false } as unknown as Peer;

  const pull = (opaque: number, changes: Partial<HeldPull> = {}): HeldPull => ({
    peer,
    opaque,
    serializeType: 'JSON',
    group: 'g',
    topic: 'orders',
    queueId: 0,
    queueOffset: 5,
    maxMessages: 32,
    maxBytes: 1024,
    filter: acceptAll,
    deadlineMs: clock.now() + 15_000,
    ...changes,
  });

  beforeEach(() => {
    clock = new ManualClock();
    woken = [];
    const limits = { heldPullsMax: 4, heldPullsPerPeerMax: 3 };
    table = new LongPollTable(clock, limits, ({ opaque }) => void woken.push(opaque));
  });

  it("are woken by a message of their queue, once, after the tick's last message", async () => {
    table.hold(pull(1));
    table.hold(pull(2, { queueId: 1 }));
    table.onMessage('other', 0, 5, 0);
    table.onMessage('orders', 0, 5, 0);
    table.onMessage('orders', 0, 6, 0);
    expect(woken).toEqual([]);
    await nextTick();
    expect(woken).toEqual([1]);
    expect(table.size).toBe(1);
  });

  it('sleep on for tags they do not want and for messages before their offset', async () => {
    table.hold(pull(1, { filter: parseSubscription('TagA', 'TAG') }));
    table.onMessage('orders', 0, 5, TAG_B);
    table.onMessage('orders', 0, 4, TAG_A);
    await nextTick();
    expect(woken).toEqual([]);
    table.onMessage('orders', 0, 6, TAG_A);
    await nextTick();
    expect(woken).toEqual([1]);
  });

  it('end at their deadline, not before', () => {
    table.hold(pull(1, { deadlineMs: clock.now() + 1_000 }));
    table.hold(pull(2, { deadlineMs: clock.now() + 3_000 }));
    clock.advance(999);
    expect(woken).toEqual([]);
    clock.advance(102);
    expect(woken).toEqual([1]);
    clock.advance(3_000);
    expect(woken).toEqual([1, 2]);
    expect(clock.timers).toBe(0);
  });

  it('end when the clock was set forward by a day', () => {
    table.hold(pull(1));
    clock.jump(86_400_000);
    clock.advance(200);
    expect(woken).toEqual([1]);
  });

  it('are refused beyond the limits of one connection and of the broker', () => {
    const other = { closed: false } as unknown as Peer;
    expect([1, 2, 3, 4].map((opaque) => table.hold(pull(opaque)))).toEqual([true, true, true, false]);
    expect([5, 6].map((opaque) => table.hold(pull(opaque, { peer: other })))).toEqual([true, false]);
  });

  it('are forgotten with their connection', async () => {
    table.hold(pull(1));
    table.dropPeer(peer);
    table.onMessage('orders', 0, 5, 0);
    await nextTick();
    clock.advance(20_000);
    expect(woken).toEqual([]);
    expect(table.size).toBe(0);
  });

  it('are all ended on close', () => {
    table.hold(pull(1));
    table.hold(pull(2, { queueId: 3 }));
    table.close();
    expect(new Set(woken)).toEqual(new Set([1, 2]));
    expect(clock.timers).toBe(0);
  });
});
