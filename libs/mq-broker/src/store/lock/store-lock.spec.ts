import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageStore } from '../message-store.js';
import { NodeDisk } from '../node-disk.js';
import { StoreLockedError } from '../store.errors.js';
import { StoreLock } from './store-lock.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'store-lock-spec-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('the store lock', () => {
  it('refuses a second owner, names the first, and lets the next one in after a close', async () => {
    const store = await MessageStore.open({ dir: directory, zeroFillAheadBytes: 0 });
    const second = MessageStore.open({ dir: directory });
    await expect(second).rejects.toThrow(StoreLockedError);
    await expect(second).rejects.toMatchObject({ ownerPid: process.pid, code: 'STORE_LOCKED' });
    await store.close();
    expect(existsSync(join(directory, 'lock'))).toBe(false);
    await (await MessageStore.open({ dir: directory, zeroFillAheadBytes: 0 })).close();
  });

  it('takes over from a process that is gone, also when its number is in use again', async () => {
    const disk = new NodeDisk();
    (await StoreLock.take(disk, directory)).release();
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const lock = join(directory, 'lock');
    const first = await StoreLock.take(disk, directory);
    const owner = JSON.parse(readFileSync(lock, 'utf8')) as Record<string, unknown>;
    first.release();
    for (const left of [
      { ...owner, pid: child.pid },
      { ...owner, startTime: '1' },
      { ...owner, bootId: 'another boot' },
    ]) {
      writeFileSync(lock, JSON.stringify(left));
      const taken = await StoreLock.take(disk, directory, 50);
      expect(JSON.parse(readFileSync(lock, 'utf8'))).toEqual(owner);
      taken.release();
    }
    writeFileSync(lock, '');
    (await StoreLock.take(disk, directory)).release();
  });

  it('watches an owner in another container instead of looking it up', async () => {
    const lock = join(directory, 'lock');
    writeFileSync(lock, '{"pid":1,"startTime":"0","bootId":"x","pidNamespace":"pid:[1]"}');
    const disk = new NodeDisk();
    const heartbeat = setInterval(() => disk.touch(lock), 20);
    await expect(StoreLock.take(disk, directory, 200)).rejects.toMatchObject({ ownerPid: 1 });
    clearInterval(heartbeat);
    (await StoreLock.take(disk, directory, 200)).release();
  });

  it('lets one of many that find the same dead owner win', async () => {
    writeFileSync(join(directory, 'lock'), '{"pid":1,"startTime":"0","bootId":"x","pidNamespace":""}');
    const disk = new NodeDisk();
    const results = await Promise.allSettled([1, 2, 3, 4].map(() => StoreLock.take(disk, directory, 50)));
    const winners = results.filter((result) => result.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    winners[0]?.value.release();
  });
});
