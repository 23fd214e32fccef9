import { describe, expect, it } from '@jest/globals';
import { draftOf } from '../testing/drafts.js';
import { bodiesOf, written } from '../testing/reading.js';
import { StoreBox } from '../testing/store-box.js';

/** Fills a store and ends it. @returns what it holds, and every file of it */
async function filled(box: StoreBox, end: 'stop' | 'kill'): Promise<string[]> {
  const store = await box.open();
  for (let index = 0; index < 300; index++) store.append(draftOf('T', 0, `m${index}-${'x'.repeat(400)}`));
  await written(store);
  const bodies = bodiesOf(store, 'T', 0);
  if (end === 'stop') await store.close();
  else box.kill();
  return bodies;
}

/** A checkpoint of a version that did not write the sizes of files. */
function forgetCheckpoint(box: StoreBox): void {
  for (const name of ['checkpoint', 'checkpoint.bak']) box.disk.unlink(`/store/${name}`);
}

describe.each(['stop', 'kill'] as const)('a store that is started with other sizes after a %s', (end) => {
  it.each([
    { mappedFileSizeCommitLog: 32 * 1024 },
    { mappedFileSizeCommitLog: 128 * 1024 },
    { mappedFileSizeCommitLog: 48 * 1024 },
    { mappedFileUnitsConsumeQueue: 64 },
    { mappedFileUnitsConsumeQueue: 8192 },
  ])('refuses %j, names both sizes and loses nothing', async (sizes) => {
    const box = new StoreBox();
    const bodies = await filled(box, end);
    const [[name, size] = ['', 0]] = Object.entries(sizes);
    await expect(box.open(sizes)).rejects.toThrow(new RegExp(`${name} is ${size}, but .* were made with (65536|4096)`));
    const store = await box.open();
    expect(bodiesOf(store, 'T', 0)).toEqual(bodies);
    await store.close();
  });

  it.each([{ mappedFileSizeCommitLog: 32 * 1024 }, { mappedFileSizeCommitLog: 128 * 1024 }])(
    'refuses %j without a checkpoint too',
    async (sizes) => {
      const box = new StoreBox();
      const bodies = await filled(box, end);
      forgetCheckpoint(box);
      await expect(box.open(sizes)).rejects.toThrow('mappedFileSizeCommitLog');
      const store = await box.open();
      expect(bodiesOf(store, 'T', 0)).toEqual(bodies);
      await store.close();
    },
  );
});
