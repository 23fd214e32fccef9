import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JournalDamagedError } from '../pay-provider.errors.js';
import { Journal } from './journal.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'));
  path = join(folder, 'new', 'ledger.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}

async function entriesAfterReopening(): Promise<unknown[]> {
  const { journal, entries } = await Journal.open(path);
  await journal.close();
  return entries;
}

describe('the journal', () => {
  it('returns the appended entries in order', async () => {
    const { journal, entries } = await Journal.open<number>(path);
    expect(entries).toEqual([]);
    await Promise.all(Array.from({ length: 100 }, (_, index) => journal.append(index)));
    await journal.append(100);
    await journal.settled();
    await journal.close();
    expect(await entriesAfterReopening()).toEqual(Array.from({ length: 101 }, (_, index) => index));
  });

  it('writes a line that nobody waits for with the next one, in order', async () => {
    const { journal } = await Journal.open<number>(path);
    await journal.append(1);
    journal.appendLater(2);
    expect(await readFile(path, 'utf8')).toBe('1\n');
    await journal.append(3);
    expect(await readFile(path, 'utf8')).toBe('1\n2\n3\n');
    await journal.close();
  });

  it.each([
    ['it is closed', (journal: Journal<number>) => journal.close()],
    ['settled() is called', (journal: Journal<number>) => journal.settled()],
    ['its time is over', () => until(async () => (await readFile(path, 'utf8')) !== '')],
  ])('writes a line that nobody waits for when %s', async (_when, event) => {
    const { journal } = await Journal.open<number>(path);
    journal.appendLater(1);
    await event(journal);
    expect(await readFile(path, 'utf8')).toBe('1\n');
    await journal.close().catch(() => undefined);
  });

  it('cuts an incomplete last line, at every byte, and appends after it', async () => {
    const torn = '{"name":"ünfinished"}';
    for (let length = 0; length < Buffer.byteLength(torn); length++) {
      const { journal } = await Journal.open<unknown>(path);
      await journal.close();
      await writeFile(path, '{"a":1}\n');
      await appendFile(path, Buffer.from(torn).subarray(0, length));
      const reopened = await Journal.open<unknown>(path);
      expect(reopened.entries).toEqual([{ a: 1 }]);
      await reopened.journal.append({ b: 2 });
      await reopened.journal.close();
      expect(await readFile(path, 'utf8')).toBe('{"a":1}\n{"b":2}\n');
    }
  });

  it('refuses a damaged line in the middle, and names the line', async () => {
    const { journal } = await Journal.open<unknown>(path);
    await journal.close();
    await writeFile(path, '{"a":1}\n{"a":\n{"a":3}\n');
    await expect(Journal.open(path)).rejects.toThrow(JournalDamagedError);
    await expect(Journal.open(path)).rejects.toThrow('is damaged at line 2');
  });

  it('confirms nothing any more after a failed write', async () => {
    const { journal } = await Journal.open<unknown>(path);
    await journal.append(1);
    await journal.close();
    // The handle is closed now, which fails writes as a lost disk does.
    const outcomes = await Promise.allSettled([journal.append(2), journal.append(3)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(journal.append(4)).rejects.toThrow('could not be written; confirmed up to byte 2');
    await expect(journal.settled()).rejects.toThrow('could not be written');
    journal.appendLater(5);
    expect(await entriesAfterReopening()).toEqual([1]);
  });
});
