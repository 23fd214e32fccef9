import { describe, expect, it } from '@jest/globals';
import { TRAILER_BYTES } from '../record/record-layout.js';
import type { MessageStore } from '../message-store.js';
import { draftOf } from '../testing/drafts.js';
import { bodiesOf, written } from '../testing/reading.js';
import { LOG_FILE, StoreBox } from '../testing/store-box.js';

/** Start, end and body of each message a test has stored. */
interface Stored {
  start: number;
  end: number;
  queueId: number;
  body: string;
}

async function fill(store: MessageStore, count: number, queues = 2): Promise<Stored[]> {
  const stored: Stored[] = [];
  for (let index = 0; index < count; index++) {
    const body = `message ${index} ${'x'.repeat(index % 7)}`;
    store.append(draftOf('T', index % queues, body));
    const { physicalOffset, endOffset } = store.lastAppend;
    stored.push({ start: physicalOffset, end: endOffset, queueId: index % queues, body });
  }
  await written(store);
  return stored;
}

function readAll(store: MessageStore, queues = 2): string[] {
  return Array.from({ length: queues }, (_, queueId) => bodiesOf(store, 'T', queueId)).flat();
}

const bodiesIn = (stored: readonly Stored[]): string[] =>
  stored.toSorted((a, b) => a.queueId - b.queueId || a.start - b.start).map(({ body }) => body);

/** A killed store's files, to be damaged in many ways. */
async function killedStore(count: number): Promise<{ box: StoreBox; stored: Stored[]; files: Map<string, Buffer> }> {
  const box = new StoreBox();
  const stored = await fill(await box.open(), count);
  box.kill();
  return { box, stored, files: box.disk.snapshot() };
}

describe('a store that was killed', () => {
  it('has every message that reached the kernel, in order, and goes on from there', async () => {
    const { box, stored } = await killedStore(500);
    const store = await box.open();
    expect(readAll(store)).toEqual(bodiesIn(stored));
    expect(store.maxPhysicalOffset).toBe(stored.at(-1)?.end);
    store.append(draftOf('T', 0, 'after'));
    expect(store.lastAppend.queueOffset).toBe(250);
    await store.close();
  });

  it('survives a log cut at every byte of its last three records, and what is stored then survives too', async () => {
    const { box, stored, files } = await killedStore(12);
    const first = stored.at(-3) as Stored;
    const last = stored.at(-1) as Stored;
    for (let cut = first.start; cut < last.end; cut++) {
      box.disk.restore(files);
      box.disk.contentOf(LOG_FILE).fill(0, cut);
      const store = await box.open();
      const whole = stored.filter(({ end }) => end <= cut);
      expect(readAll(store)).toEqual(bodiesIn(whole));
      if (cut % 5 !== 0) {
        box.kill();
        continue;
      }
      store.append(draftOf('T', 0, 'after'));
      await written(store);
      box.kill();
      const again = await box.open();
      expect(readAll(again).toSorted()).toEqual([...bodiesIn(whole), 'after'].toSorted());
      expect(again.damage.count).toBe(0);
      box.kill();
    }
    // Some thousand starts.
  }, 30_000);

  it('wipes what lies behind a torn record, so that it cannot come back at the next start', async () => {
    const { box, stored } = await killedStore(6);
    const [torn] = stored.slice(4);
    const content = box.disk.contentOf(LOG_FILE);
    content.fill(0, (torn as Stored).end - TRAILER_BYTES, (stored[5] as Stored).start + 40);
    const store = await box.open();
    expect(readAll(store)).toHaveLength(4);
    expect(
      box.disk
        .contentOf(LOG_FILE)
        .subarray(store.maxPhysicalOffset)
        .every((byte) => byte === 0),
    ).toBe(true);
    box.kill();
    expect(readAll(await box.open())).toHaveLength(4);
    box.kill();
  });
});

describe('one flipped bit', () => {
  const FIELDS = [0, 3, 4, 7, 8, 12, 16, 20, 27, 28, 35, 36, 40, 48, 52, 56, 64, 68, 72, 76, 84, 87, 88, 90];

  it.each([2, 7])(
    'in any field of record %i loses that record only, is reported, and is never served',
    async (index) => {
      const { box, stored, files } = await killedStore(10);
      const hit = stored[index] as Stored;
      const inTrailer = Array.from({ length: 48 }, (_, distance) => hit.end - hit.start - 1 - distance);
      for (const field of [...FIELDS, ...inTrailer]) {
        box.disk.restore(files);
        box.disk.flipBit(LOG_FILE, hit.start + field, field % 8);
        const store = await box.open();
        expect({ field, bodies: readAll(store) }).toEqual({
          field,
          bodies: bodiesIn(stored.filter((one) => one !== hit)),
        });
        expect(store.damage.ranges).toEqual([
          expect.objectContaining({ physicalOffset: hit.start, bytes: hit.end - hit.start }),
        ]);
        expect(store.reader.maxOffset('T', hit.queueId)).toBe(5);
        box.kill();
      }
    },
  );

  it('in the last record does not let its queue offset be given out again', async () => {
    const { box, stored, files } = await killedStore(10);
    const hit = stored.at(-1) as Stored;
    for (const field of [8, 16, 40, 56, 72, 88]) {
      box.disk.restore(files);
      box.disk.flipBit(LOG_FILE, hit.start + field, 3);
      const store = await box.open();
      expect(readAll(store)).toEqual(bodiesIn(stored.slice(0, -1)));
      expect(store.damage.count).toBe(1);
      store.append(draftOf('T', hit.queueId, 'next'));
      expect(store.lastAppend.queueOffset).toBe(5);
      await written(store);
      expect(bodiesOf(store, 'T', hit.queueId).at(-1)).toBe('next');
      box.kill();
    }
  });

  it('is found when the record is read, after a clean start too', async () => {
    const box = new StoreBox();
    const first = await box.open();
    const stored = await fill(first, 200);
    await first.close();
    const files = box.disk.snapshot();
    for (let index = 0; index < stored.length; index += 3) {
      const hit = stored[index] as Stored;
      box.disk.restore(files);
      box.disk.flipBit(LOG_FILE, hit.start + (index % (hit.end - hit.start)), index % 8);
      const store = await box.open();
      expect(store.damage.count).toBe(0);
      expect(readAll(store)).toEqual(bodiesIn(stored.filter((one) => one !== hit)));
      expect(store.damage.ranges).toEqual([
        expect.objectContaining({ physicalOffset: hit.start, topic: 'T', queueId: hit.queueId }),
      ]);
      expect(store.reader.lookMessage(hit.start)).toBeUndefined();
      box.kill();
      box.dropLock();
    }
  });
});

describe('larger damage', () => {
  it.each([1, 100, 512, 4096, 9000])('of %i bytes never takes records beyond it', async (bytes) => {
    const { box, stored } = await killedStore(400);
    const from = (stored[50] as Stored).start + 10;
    box.disk.contentOf(LOG_FILE).fill(0xa5, from, from + bytes);
    const store = await box.open();
    const spared = stored.filter(({ start, end }) => end <= from || start >= from + bytes);
    expect(readAll(store)).toEqual(bodiesIn(spared));
    expect(store.damage.count).toBeGreaterThan(0);
    expect(store.maxPhysicalOffset).toBe(stored.at(-1)?.end);
    box.kill();
  });

  it('of the mark at the end of a file does not hide the next file', async () => {
    const { box, stored } = await killedStore(800);
    const lastOfFile = stored.findLast(({ end }) => end < 64 * 1024) as Stored;
    for (const byte of [0, 3, 4, 7]) box.disk.flipBit(LOG_FILE, lastOfFile.end + byte, 2);
    const store = await box.open();
    expect(readAll(store)).toEqual(bodiesIn(stored));
    box.kill();
  });

  it('swapped pages hold valid records at wrong places, which are not served', async () => {
    const { box, stored } = await killedStore(400);
    const content = box.disk.contentOf(LOG_FILE);
    const page = Buffer.from(content.subarray(4096, 8192));
    content.copy(content, 4096, 8192, 12_288);
    page.copy(content, 8192);
    const store = await box.open();
    const spared = stored.filter(({ start, end }) => end <= 4096 || start >= 12_288);
    expect(readAll(store)).toEqual(bodiesIn(spared));
    box.kill();
  });
});
