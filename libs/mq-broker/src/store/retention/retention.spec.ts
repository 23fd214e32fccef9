import { describe, expect, it } from '@jest/globals';
import { draftOf } from '../testing/drafts.js';
import { bodiesOf, written } from '../testing/reading.js';
import { StoreBox } from '../testing/store-box.js';
import { RetentionClock } from './retention-clock.js';

const HOUR = 3_600_000;

class Clock {
  wall = new Date(2026, 0, 15, 4, 30).getTime();
  monotonic = 0;

  pass(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
  }
}

function boxWith(clock: Clock, options = {}): StoreBox {
  return new StoreBox({
    now: () => clock.wall,
    monotonicNow: () => clock.monotonic,
    flushIntervalMs: 2,
    cleanResourceIntervalMs: 3,
    diskCheckIntervalMs: 3,
    fileReservedTimeMs: 72 * HOUR,
    deleteWhen: '04',
    ...options,
  });
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

describe('retention', () => {
  it('deletes whole expired files at its hour; the queues follow and say so', async () => {
    const clock = new Clock();
    const box = boxWith(clock);
    const store = await box.open();
    for (let index = 0; index < 1000; index++) {
      store.append(draftOf('T', 0, `old ${index}`));
    }
    await written(store);
    clock.pass(36 * HOUR);
    await pause();
    for (let index = 0; index < 500; index++) store.append(draftOf('T', 0, `new ${index}`));
    await written(store);
    clock.pass(37 * HOUR);
    await pause();
    expect(store.minPhysicalOffset).toBe(0);
    clock.pass(23 * HOUR);
    await pause();
    expect(store.minPhysicalOffset).toBe(2 * 64 * 1024);
    const minOffset = store.reader.minOffset('T', 0);
    expect(minOffset).toBeGreaterThan(500);
    expect(store.reader.getMessages('T', 0, minOffset - 1, 32)).toMatchObject({
      status: 'OFFSET_TOO_SMALL',
      nextBeginOffset: minOffset,
    });
    expect(bodiesOf(store, 'T', 0)).toHaveLength(1500 - minOffset);
    expect(store.reader.earliestStoreTime('T', 0)).toBe(store.reader.storeTimeOf('T', 0, minOffset));
    await store.close();
    const again = await box.open();
    expect(again.reader.minOffset('T', 0)).toBe(minOffset);
    expect(bodiesOf(again, 'T', 0)).toHaveLength(1500 - minOffset);
    await again.close();
  });

  it('deletes the oldest files whatever their age when the disk is nearly full, never the one being written', async () => {
    const clock = new Clock();
    clock.wall += 2 * HOUR;
    const box = boxWith(clock, { deleteFileBatchMax: 1 });
    const store = await box.open();
    for (let index = 0; index < 1200; index++) store.append(draftOf('T', index % 2, `message ${index}`));
    await written(store);
    expect(store.minPhysicalOffset).toBe(0);
    const { used } = await box.disk.space();
    box.disk.faults.capacityBytes = Math.floor(used / 0.88);
    await pause();
    const kept = store.minPhysicalOffset;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(store.maxPhysicalOffset);
    box.disk.faults.capacityBytes = 1;
    await pause();
    expect(store.minPhysicalOffset).toBe(store.maxPhysicalOffset - (store.maxPhysicalOffset % (64 * 1024)));
    expect(bodiesOf(store, 'T', 0).at(-1)).toBe('message 1198');
    await store.close();
  });

  it.each([
    ['a year ahead', 365 * 24 * HOUR],
    ['a year back', -365 * 24 * HOUR],
  ])('is not fooled by a clock that jumps %s', async (_name, jump) => {
    const clock = new Clock();
    const box = boxWith(clock);
    const store = await box.open();
    for (let index = 0; index < 1000; index++) store.append(draftOf('T', 0, `message ${index}`));
    await written(store);
    clock.wall += jump;
    await pause();
    expect(store.minPhysicalOffset).toBe(0);
    store.append(draftOf('T', 0, 'after the jump'));
    await written(store);
    expect(store.reader.storeTimeOf('T', 0, 1000)).toBeGreaterThanOrEqual(store.reader.storeTimeOf('T', 0, 999));
    await store.close();
    const again = await box.open();
    clock.pass(HOUR);
    await pause();
    expect(again.minPhysicalOffset).toBe(0);
    await again.close();
  });
});

describe('the retention clock', () => {
  it('never goes back and catches up at no more than twice real time', () => {
    const clock = new Clock();
    const start = clock.wall;
    const retention = new RetentionClock(
      start,
      () => clock.wall,
      () => clock.monotonic,
    );
    clock.pass(1000);
    expect(retention.read() - start).toBe(1000);
    clock.wall -= 10 * HOUR;
    expect(retention.read() - start).toBe(1000);
    clock.wall += 100 * HOUR;
    clock.pass(1000);
    expect(retention.read() - start).toBe(3000);
  });
});
