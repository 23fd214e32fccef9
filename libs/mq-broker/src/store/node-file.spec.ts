import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeFile, openFiles } from './node-file.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'node-file-spec-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** The files of the folder that this process has open. */
function openHere(): string[] {
  const paths = readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)];
    } catch {
      return [];
    }
  });
  return paths.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length + 1));
}

const open = (name: string): NodeFile => new NodeFile(join(folder, name), true);
const bytes = (text: string): Buffer => Buffer.from(text);

/** The process may open nothing for so many tries. */
function withFullTable(tries: number): string {
  let left = tries;
  return openFiles.withRoom(() => {
    if (left-- > 0) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
    return 'opened';
  });
}

describe('an open file', () => {
  it('that was used longest ago is closed when the process may open no more, and opened again when it is used', () => {
    const [first, second] = [open('first'), open('second')];
    first.write(bytes('one'), 0, 3, 0);
    first.syncNow();
    second.size();
    expect(withFullTable(1)).toBe('opened');
    expect(openHere()).toEqual(['second']);
    const found = Buffer.alloc(3);
    first.read(found, 0, 3, 0);
    expect(found.toString()).toBe('one');
    expect(openHere().toSorted()).toEqual(['first', 'second']);
    first.close();
    second.close();
    expect(openHere()).toEqual([]);
    expect(() => first.size()).toThrow('closed');
  });

  it('that was written is closed last, after a sync that a later one need not repeat', async () => {
    const [written, clean] = [open('written'), open('clean')];
    written.write(bytes('one'), 0, 3, 0);
    clean.size();
    expect(withFullTable(1)).toBe('opened');
    expect(openHere()).toEqual(['written']);
    expect(withFullTable(1)).toBe('opened');
    expect(openHere()).toEqual([]);
    unlinkSync(join(folder, 'written'));
    await written.sync();
    written.syncNow();
    expect(() => written.size()).toThrow('ENOENT');
    written.close();
    clean.close();
  });

  it('is not closed while the system is at work on it, and not in vain', async () => {
    const file = open('busy');
    const working = file.writeAsync(bytes('one'), 0, 3, 0);
    expect(() => withFullTable(1)).toThrow('EMFILE');
    expect(openHere()).toEqual(['busy']);
    await working;
    const others = ['a', 'b', 'c', 'd', 'e'].map(open);
    expect(() => withFullTable(9)).toThrow('EMFILE');
    expect(openHere().length).toBeGreaterThanOrEqual(4);
    for (const one of [file, ...others]) one.close();
  });
});
