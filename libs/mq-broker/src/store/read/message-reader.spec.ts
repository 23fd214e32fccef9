import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MessageStore } from '../message-store.js';
import { draftOf } from '../testing/drafts.js';
import { bodyOf, recordsOf, written } from '../testing/reading.js';
import { StoreBox } from '../testing/store-box.js';

let now = 1000;
let store: MessageStore;

beforeEach(async () => {
  now = 1000;
  store = await new StoreBox({ now: () => now }).open();
});

afterEach(() => store.close());

async function fill(count: number, body = (index: number): string => `message ${index}`): Promise<void> {
  for (let index = 0; index < count; index++) {
    store.append(draftOf('T', 0, body(index), { tagsCode: index % 10 }));
  }
  await written(store);
}

describe('a pull', () => {
  it('answers every place with its name and where to go on', async () => {
    expect(store.reader.getMessages('T', 0, 5, 32)).toMatchObject({
      status: 'NO_MATCHED_LOGIC_QUEUE',
      nextBeginOffset: 0,
    });
    await fill(3);
    const places = [0, 2, 3, 4, -1].map((offset) => {
      const { status, nextBeginOffset, minOffset, maxOffset, count } = store.reader.getMessages('T', 0, offset, 32);
      return [offset, status, nextBeginOffset, count, minOffset, maxOffset];
    });
    expect(places).toEqual([
      [0, 'FOUND', 3, 3, 0, 3],
      [2, 'FOUND', 3, 1, 0, 3],
      [3, 'OFFSET_OVERFLOW_ONE', 3, 0, 0, 3],
      // The queue was empty when the store was opened: at its end, a reader of an older queue would skip three messages.
      [4, 'OFFSET_OVERFLOW_BADLY', 0, 0, 0, 3],
      [-1, 'OFFSET_TOO_SMALL', 0, 0, 0, 3],
    ]);
  });

  it('returns what matches, and moves on past what does not', async () => {
    await fill(2000);
    const found = store.reader.getMessages('T', 0, 0, 5, { tagMatcher: (code) => code === 7 });
    expect(recordsOf(found.buffers).map((record) => bodyOf(record).toString())).toEqual(
      [7, 17, 27, 37, 47].map((index) => `message ${index}`),
    );
    expect(found.nextBeginOffset).toBe(57);
    expect(store.reader.getMessages('T', 0, 0, 32, { tagMatcher: () => false })).toMatchObject({
      status: 'NO_MATCHED_MESSAGE',
      nextBeginOffset: 800,
    });
  });

  it('keeps to the limits but always returns one', async () => {
    await fill(100, () => 'x'.repeat(10_000));
    expect(store.reader.getMessages('T', 0, 0, 1)).toMatchObject({ count: 1, nextBeginOffset: 1 });
    expect(store.reader.getMessages('T', 0, 0, 32, { maxBytes: 35_000 })).toMatchObject({
      count: 3,
      nextBeginOffset: 3,
    });
    expect(store.reader.getMessages('T', 0, 0, 32, { maxBytes: 10 })).toMatchObject({ count: 1, nextBeginOffset: 1 });
    expect(store.reader.getMessages('T', 0, 0, 100)).toMatchObject({ count: 25 });
  });

  it('gives bytes that stay the same while RAM is used again', async () => {
    await fill(40);
    const { buffers } = store.reader.getMessages('T', 0, 0, 32);
    const before = buffers.map((buffer) => Buffer.from(buffer));
    await fill(20_000);
    expect(buffers).toEqual(before);
    const old = store.reader.getMessages('T', 0, 0, 32);
    expect(old.buffers).toEqual(before);
  });
});

describe('a look by time', () => {
  it('finds first and last of equal times and both ends', async () => {
    for (const time of [2000, 2000, 3000, 3000, 5000]) {
      now = time;
      store.append(draftOf('T', 0, 'm'));
    }
    now = 4000;
    store.append(draftOf('T', 0, 'the clock went back'));
    await written(store);
    const times = [1999, 2000, 2500, 3000, 5000, 5001];
    expect(times.map((time) => store.reader.offsetByTime('T', 0, time))).toEqual([0, 0, 2, 2, 4, 6]);
    expect(times.map((time) => store.reader.offsetByTime('T', 0, time, 'UPPER'))).toEqual([0, 1, 1, 3, 5, 5]);
    expect(store.reader.storeTimeOf('T', 0, 5)).toBe(5000);
    expect(store.reader.earliestStoreTime('T', 0)).toBe(2000);
    expect(store.reader.earliestStoreTime('T', 1)).toBe(-1);
    expect(store.reader.offsetByTime('none', 0, 1)).toBe(0);
  });
});

describe('a look by position', () => {
  it('serves a record where one begins and nothing elsewhere', async () => {
    store.append(draftOf('T', 0, 'first'));
    const end = store.lastAppend.endOffset;
    store.append(draftOf('T', 0, 'second'));
    await written(store);
    expect(bodyOf(store.reader.lookMessage(end) ?? Buffer.alloc(0)).toString()).toBe('second');
    for (const position of [-1, 1, end - 1, end + 1, store.maxPhysicalOffset, 1e12, Number.NaN]) {
      expect(store.reader.lookMessage(position)).toBeUndefined();
    }
  });
});

describe('an append', () => {
  it('refuses what cannot be stored', () => {
    expect(store.append(draftOf('T', 0, 'x'.repeat(16 * 1024 + 1)))).toBe('MESSAGE_ILLEGAL');
    expect(store.append(draftOf('T', -1, 'x'))).toBe('MESSAGE_ILLEGAL');
    expect(store.append(draftOf('', 0, 'x'))).toBe('MESSAGE_ILLEGAL');
    expect(store.append(draftOf('T', 0, 'x', { properties: Buffer.alloc(32_768, 65) }))).toBe(
      'PROPERTIES_SIZE_EXCEEDED',
    );
    expect(store.append(draftOf('T', 0, 'x', { properties: Buffer.alloc(32_767, 65) }))).toBe('PUT_OK');
  });

  it('of a batch is contiguous, consecutive and all or nothing', async () => {
    const drafts = Array.from({ length: 5 }, (_, index) => draftOf('T', 1, `batch ${index}`));
    expect(store.appendBatch([...drafts, draftOf('T', 1, 'x'.repeat(20_000))])).toBe('MESSAGE_ILLEGAL');
    expect(store.appendBatch(drafts)).toBe('PUT_OK');
    const { physicalOffsets, queueOffset, physicalOffset } = store.lastAppend;
    expect(queueOffset).toBe(0);
    expect(physicalOffsets).toHaveLength(5);
    expect(physicalOffsets[0]).toBe(physicalOffset);
    await written(store);
    expect(store.reader.maxOffset('T', 1)).toBe(5);
    expect(
      physicalOffsets.map((offset) => bodyOf(store.reader.lookMessage(offset) ?? Buffer.alloc(0)).toString()),
    ).toEqual(drafts.map(({ body }) => body.toString()));
  });
});
