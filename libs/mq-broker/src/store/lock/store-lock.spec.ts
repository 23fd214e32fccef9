import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DirectoryLock } from '../disk.js';
import { MessageStore } from '../message-store.js';
import { NodeDisk } from '../node-disk.js';
import { StoreLockedError, StoreLockLostError } from '../store.errors.js';
import { StoreLock } from './store-lock.js';

/** A machine without the program flock. */
class DiskWithoutFlock extends NodeDisk {
  override lockDirectory(): DirectoryLock | undefined {
    return undefined;
  }
}

let directory: string;
let lock: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'store-lock-spec-'));
  lock = join(directory, 'lock');
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const ownerIn = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

/** Resolves with the error of an owner that finds its lock gone. */
const loss = (taken: StoreLock): Promise<Error> => new Promise((resolve) => (taken.onLost = resolve));

/** The event loop stands still, as during SIGSTOP: no timer tells the owner. */
function standStill(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}

/** A child that stopped living and that nobody waited for: its parent is a shell that has become `sleep`. */
async function zombie(): Promise<{ pid: number; end: () => void }> {
  const parent = spawn('sh', ['-c', 'sh -c "exec sleep 0.2" & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  while (!readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '))
    await new Promise((resolve) => setImmediate(resolve));
  return { pid, end: () => parent.kill('SIGKILL') };
}

describe.each([
  ['with the system lock', new NodeDisk()],
  ['without it', new DiskWithoutFlock()],
])('the store lock %s', (_name, disk) => {
  it('refuses a second owner, names the first, and lets the next one in after a close', async () => {
    const store = await MessageStore.open({ dir: directory, zeroFillAheadBytes: 0, disk });
    const second = MessageStore.open({ dir: directory, disk });
    await expect(second).rejects.toThrow(StoreLockedError);
    await expect(second).rejects.toMatchObject({ ownerPid: process.pid, code: 'STORE_LOCKED' });
    await store.close();
    expect(existsSync(lock)).toBe(false);
    await (await MessageStore.open({ dir: directory, zeroFillAheadBytes: 0, disk })).close();
  });

  it('takes over from a process that is gone, also when its number is in use again', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const first = await StoreLock.take(disk, directory);
    const owner = ownerIn(lock);
    first.release();
    for (const left of [
      { ...owner, pid: child.pid },
      { ...owner, startTime: '1' },
      { ...owner, bootId: 'another boot' },
      { ...owner, pidNamespace: 'pid:[1]' },
    ]) {
      writeFileSync(lock, JSON.stringify(left));
      const taken = await StoreLock.take(disk, directory, { silenceMs: 50 });
      expect(ownerIn(lock)).toEqual({ ...owner, token: expect.any(String) });
      taken.release();
    }
  });

  it.each(['', '{"pid":', '7', 'null'])('takes over from nobody when the file has %p in it', async (text) => {
    writeFileSync(lock, text);
    (await StoreLock.take(disk, directory, { silenceMs: 50 })).release();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('takes over from a process that was killed and that its parent does not wait for', async () => {
    const { pid, end } = await zombie();
    try {
      (await StoreLock.take(disk, directory)).release();
      const first = await StoreLock.take(disk, directory);
      const owner = ownerIn(lock);
      first.release();
      const startTime = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19];
      writeFileSync(lock, JSON.stringify({ ...owner, pid, startTime, systemLock: false }));
      (await StoreLock.take(disk, directory)).release();
    } finally {
      end();
    }
  });

  it('watches an owner of an older version in another container instead of looking it up', async () => {
    writeFileSync(lock, '{"pid":1,"startTime":"0","bootId":"x","pidNamespace":"pid:[1]"}');
    const heartbeat = setInterval(() => disk.touch(lock), 20);
    await expect(StoreLock.take(disk, directory, { silenceMs: 200 })).rejects.toMatchObject({ ownerPid: 1 });
    clearInterval(heartbeat);
    (await StoreLock.take(disk, directory, { silenceMs: 200 })).release();
  });

  it('lets one of many that find the same dead owner win', async () => {
    for (let round = 0; round < 5; round++) {
      writeFileSync(lock, '{"pid":1,"startTime":"0","bootId":"x","pidNamespace":""}');
      const takes = [1, 2, 3, 4].map(() => StoreLock.take(disk, directory, { silenceMs: 20 }));
      const results = await Promise.allSettled(takes);
      const winners = results.filter((result) => result.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      expect(readdirSync(directory)).toEqual(['lock']);
      winners[0]?.value.release();
    }
  });

  it('that somebody else has taken ends its owner, who leaves it to him', async () => {
    const taken = await StoreLock.take(disk, directory, { silenceMs: 50 });
    const lost = loss(taken);
    const other = '{"pid":4711,"startTime":"0","bootId":"x","pidNamespace":"pid:[1]"}';
    writeFileSync(lock, other);
    expect(await lost).toMatchObject({ code: 'STORE_LOCK_LOST', message: expect.stringContaining('process 4711') });
    expect(taken.isHeld()).toBe(false);
    taken.release();
    expect(readFileSync(lock, 'utf8')).toBe(other);
  });

  it('is looked at when it is asked for after a pause', async () => {
    const taken = await StoreLock.take(disk, directory, { silenceMs: 100 });
    writeFileSync(lock, '{"pid":4711,"startTime":"0","bootId":"x","pidNamespace":"pid:[1]"}');
    expect(taken.isHeld()).toBe(true);
    standStill(60);
    expect(taken.isHeld()).toBe(false);
    taken.release();
  });
});

describe('the system lock', () => {
  it('outlives the removal of the lock file, which comes back', async () => {
    const disk = new NodeDisk();
    const taken = await StoreLock.take(disk, directory, { silenceMs: 50 });
    for (const damage of [() => rmSync(lock), () => writeFileSync(lock, '')]) {
      damage();
      await expect(StoreLock.take(disk, directory, { silenceMs: 50 })).rejects.toThrow(StoreLockedError);
      while (!existsSync(lock) || readFileSync(lock, 'utf8') === '')
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(taken.isHeld()).toBe(true);
    taken.release();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is lost with its folder', async () => {
    const taken = await StoreLock.take(new NodeDisk(), directory, { silenceMs: 50 });
    const lost = loss(taken);
    const moved = `${directory}-moved`;
    renameSync(directory, moved);
    try {
      expect(await lost).toMatchObject({ code: 'STORE_LOCK_LOST' });
      taken.release();
    } finally {
      rmSync(moved, { recursive: true });
    }
  });
});

describe('a lock file without the system lock', () => {
  it('is looked at before anything is acknowledged after a pause', async () => {
    const store = await MessageStore.open({ dir: directory, zeroFillAheadBytes: 0, disk: new DiskWithoutFlock() });
    const failures: Error[] = [];
    store.onFatal = (error) => void failures.push(error);
    let acknowledged = 0;
    store.onProgress = () => void acknowledged++;
    writeFileSync(lock, '{"pid":4711,"startTime":"0","bootId":"x","pidNamespace":"pid:[1]"}');
    standStill(2_600);
    expect(store.isOwner).toBe(false);
    expect(failures).toEqual([expect.any(StoreLockLostError)]);
    expect(store.isWritable).toBe(false);
    await store.close();
    expect(acknowledged).toBe(0);
    expect(readFileSync(lock, 'utf8')).toContain('4711');
    expect(existsSync(join(directory, 'abort'))).toBe(true);
  });

  it('ends its owner when it is gone: somebody may have come and gone', async () => {
    const taken = await StoreLock.take(new DiskWithoutFlock(), directory, { silenceMs: 50 });
    const lost = loss(taken);
    rmSync(lock);
    expect(await lost).toMatchObject({ code: 'STORE_LOCK_LOST', message: expect.stringContaining('gone') });
    taken.release();
  });
});
