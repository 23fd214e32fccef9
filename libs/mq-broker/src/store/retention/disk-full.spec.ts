import { describe, expect, it } from '@jest/globals';
import { draftOf } from '../testing/drafts.js';
import { bodiesOf, settled, written } from '../testing/reading.js';
import { StoreBox } from '../testing/store-box.js';

const FAST = { diskCheckIntervalMs: 5, diskSpaceWarningLevelRatio: 1, diskSpaceCleanForciblyRatio: 1 };

describe('a full disk', () => {
  it.each(['ASYNC_FLUSH', 'SYNC_FLUSH'] as const)(
    'refuses messages, leaves no part of them, keeps serving reads, and takes messages again when there is space (%s)',
    async (flushDiskType) => {
      const box = new StoreBox({ ...FAST, flushDiskType, slabBytesMax: 4096 });
      const store = await box.open();
      let withdrawals = 0;
      store.onWithdrawn = () => withdrawals++;
      const sent: string[] = [];
      for (let index = 0; index < 20; index++) sent.push(`message ${index}`);
      for (const body of sent) store.append(draftOf('T', 0, body));
      await written(store);
      const endOffset = store.writtenOffset;
      const { used } = await box.disk.space();
      box.disk.faults.capacityBytes = used + 300;
      for (let index = 0; index < 10; index++) store.append(draftOf('T', 0, `lost ${index} ${'z'.repeat(100)}`));
      await settled();
      expect(withdrawals).toBe(1);
      expect(store.writtenOffset).toBe(endOffset);
      expect(store.append(draftOf('T', 0, 'refused'))).toBe('SERVICE_NOT_AVAILABLE');
      expect(store.runtimeInfo()['storeMode']).toBe('DISK_FULL');
      expect(bodiesOf(store, 'T', 0)).toEqual(sent);
      box.disk.faults.capacityBytes = Number.POSITIVE_INFINITY;
      while (!store.isWritable) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(store.append(draftOf('T', 0, 'taken'))).toBe('PUT_OK');
      expect(store.lastAppend).toMatchObject({ queueOffset: 20, physicalOffset: endOffset });
      await written(store);
      box.kill();
      const again = await box.open();
      expect(bodiesOf(again, 'T', 0)).toEqual([...sent, 'taken']);
      expect(again.damage.count).toBe(0);
      await again.close();
    },
  );

  it('met in the middle of a tick takes back that tick, whatever was given out in it', async () => {
    const box = new StoreBox({ ...FAST, slabBytesMax: 1024 });
    const store = await box.open();
    store.append(draftOf('T', 0, 'first'));
    await written(store);
    const { used } = await box.disk.space();
    box.disk.faults.capacityBytes = used + 1500;
    const withdrawn: number[] = [];
    let given: number[] = [];
    store.onWithdrawn = () => {
      withdrawn.push(...given.filter((endOffset) => endOffset > store.writtenOffset));
    };
    const statuses = Array.from({ length: 40 }, (_, index) => {
      const status = store.append(draftOf('T', 0, `message ${index}`));
      if (status === 'PUT_OK') given = [...given, store.lastAppend.endOffset];
      return status;
    });
    await settled();
    expect(statuses).toContain('SERVICE_NOT_AVAILABLE');
    const kept = given.length - withdrawn.length;
    expect(kept).toBeGreaterThan(0);
    expect(withdrawn.length).toBeGreaterThan(0);
    box.disk.faults.capacityBytes = Number.POSITIVE_INFINITY;
    while (!store.isWritable) await new Promise((resolve) => setTimeout(resolve, 5));
    store.append(draftOf('T', 0, 'last'));
    expect(store.lastAppend.queueOffset).toBe(1 + kept);
    await written(store);
    expect(bodiesOf(store, 'T', 0)).toEqual([
      'first',
      ...Array.from({ length: kept }, (_, n) => `message ${n}`),
      'last',
    ]);
    await store.close();
  });

  it('is refused before the last byte, by share', async () => {
    const box = new StoreBox({ diskCheckIntervalMs: 5 });
    const store = await box.open();
    store.append(draftOf('T', 0, 'x'.repeat(10_000)));
    await written(store);
    const { used } = await box.disk.space();
    box.disk.faults.capacityBytes = Math.floor(used / 0.95);
    while (store.isWritable) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(store.append(draftOf('T', 0, 'refused'))).toBe('SERVICE_NOT_AVAILABLE');
    box.disk.faults.capacityBytes = used * 20;
    while (!store.isWritable) await new Promise((resolve) => setTimeout(resolve, 5));
    await store.close();
  });
});
