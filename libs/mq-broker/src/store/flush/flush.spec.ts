import { describe, expect, it } from '@jest/globals';
import { draftOf } from '../testing/drafts.js';
import { bodiesOf, settled, written } from '../testing/reading.js';
import { StoreBox } from '../testing/store-box.js';

describe('SYNC_FLUSH', () => {
  it('shows and confirms a message only when it is durable, and shares one sync among all that came meanwhile', async () => {
    const box = new StoreBox({ flushDiskType: 'SYNC_FLUSH' });
    const store = await box.open();
    const dispatched: number[] = [];
    store.onDispatch = (_topic, _queueId, queueOffset) => dispatched.push(queueOffset);
    box.disk.faults.holdSyncs = true;
    const syncsBefore = box.disk.syncs;
    for (let index = 0; index < 50; index++) {
      store.append(draftOf('T', 0, `message ${index}`));
      await settled();
    }
    expect(store.writtenOffset).toBe(store.maxPhysicalOffset);
    expect(store.flushedOffset).toBe(0);
    expect(store.reader.maxOffset('T', 0)).toBe(0);
    box.disk.releaseSyncs();
    await written(store);
    expect(box.disk.syncs - syncsBefore).toBe(2);
    expect(dispatched).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(bodiesOf(store, 'T', 0)).toHaveLength(50);
    await store.close();
  });

  it('loses nothing it confirmed when the power fails, whatever sectors the disk kept of the rest', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seeded(seed);
      const box = new StoreBox({ flushDiskType: 'SYNC_FLUSH' }, random);
      let confirmed: string[] = [];
      for (let round = 0; round < 4; round++) {
        const store = await box.open();
        const found = bodiesOf(store, 'T', 0);
        expect(found.filter((body) => confirmed.includes(body))).toEqual(confirmed);
        const sent: { endOffset: number; body: string }[] = [];
        for (let index = 0; index < 60; index++) {
          const body = `${seed} ${round} ${index} ${'y'.repeat(Math.floor(random() * 900))}`;
          store.append(draftOf('T', 0, body));
          sent.push({ endOffset: store.lastAppend.endOffset, body });
          if (random() < 0.2) await settled();
        }
        const durable = sent.filter(({ endOffset }) => endOffset <= store.flushedOffset).map(({ body }) => body);
        // What a start has shown to consumers may not go again either.
        confirmed = [...found, ...durable];
        if (random() < 0.3) box.kill();
        else box.cutPower();
      }
    }
  });
});

describe('a sync that fails', () => {
  it.each([0, 1, 5])(
    'after %i good ones ends all confirmations, refuses everything, and is never tried again',
    async (good) => {
      const box = new StoreBox({ flushDiskType: 'SYNC_FLUSH' });
      const store = await box.open();
      const fatal: Error[] = [];
      store.onFatal = (error) => fatal.push(error);
      box.disk.faults.syncsUntilFailure = good;
      let confirmed = 0;
      for (let index = 0; index < good + 3; index++) {
        store.append(draftOf('T', 0, `message ${index}`));
        await settled();
        if (store.flushedOffset >= store.lastAppend.endOffset && fatal.length === 0) confirmed++;
      }
      const syncs = box.disk.syncs;
      expect(confirmed).toBe(good);
      expect(fatal).toEqual([expect.objectContaining({ code: 'STORE_SYNC_FAILED', retriable: false })]);
      expect(store.append(draftOf('T', 0, 'late'))).toBe('SERVICE_NOT_AVAILABLE');
      expect(store.isWritable).toBe(false);
      expect(bodiesOf(store, 'T', 0)).toHaveLength(good);
      await store.close();
      expect(box.disk.syncs).toBe(syncs);
      box.kill();
      box.disk.faults.syncsUntilFailure = Number.POSITIVE_INFINITY;
      const recovered = await box.open();
      expect(bodiesOf(recovered, 'T', 0).length).toBeGreaterThanOrEqual(good);
      await recovered.close();
    },
  );
});

describe('a write that fails', () => {
  it('for another reason than space ends the store as well', async () => {
    const box = new StoreBox();
    const store = await box.open();
    const fatal: Error[] = [];
    store.onFatal = (error) => fatal.push(error);
    box.disk.faults.writesUntilFailure = 0;
    store.append(draftOf('T', 0, 'message'));
    await settled();
    expect(fatal).toEqual([expect.objectContaining({ code: 'STORE_WRITE_FAILED' })]);
    expect(store.reader.maxOffset('T', 0)).toBe(0);
    await store.close();
  });
});

/** mulberry32: the same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
