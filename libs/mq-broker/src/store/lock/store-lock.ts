import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Disk } from '../disk.js';
import { StoreLockedError } from '../store.errors.js';

/** How often the owner touches the file. An owner in another container counts as dead after this time without a touch. */
const HEARTBEAT_MS = 1000;
const SILENCE_MS = 5000;
const TAKE_ATTEMPTS_MAX = 5;
/** Makes the names of temporary files differ within one process. */
let takes = 0;

interface Owner {
  pid: number;
  /** Distinguishes two processes with the same number: clock ticks from boot to start. */
  startTime: string;
  bootId: string;
  /** Process numbers mean nothing in another container. */
  pidNamespace: string;
}

/**
 * Only one process may use a store. Node has no flock, so the lock is a file made by `link`, which either makes the whole file or
 * fails. The lock of a killed process is taken over: the owner is looked up by process number and start time. An owner in another
 * container or on another machine cannot be looked up. Its file is watched instead, since owners touch their file every second.
 */
export class StoreLock {
  private readonly timer: NodeJS.Timeout;

  private constructor(
    private readonly disk: Disk,
    private readonly path: string,
  ) {
    this.timer = setInterval(() => this.touch(), HEARTBEAT_MS);
    this.timer.unref();
  }

  /** Throws StoreLockedError when another process uses this store. */
  static async take(disk: Disk, directory: string, silenceMs = SILENCE_MS): Promise<StoreLock> {
    disk.makeDirectory(directory);
    const path = join(directory, 'lock');
    const mine = `${path}.${process.pid}.${++takes}`;
    writeOwner(disk, mine, ownerOf(process.pid));
    try {
      for (let attempt = 0; attempt < TAKE_ATTEMPTS_MAX; attempt++) {
        if (tryLink(disk, mine, path)) return new StoreLock(disk, path);
        await removeIfDead(disk, path, directory, silenceMs);
      }
      throw new StoreLockedError(directory, readOwner(disk, path)?.pid ?? 0);
    } finally {
      disk.unlink(mine);
    }
  }

  private touch(): void {
    try {
      this.disk.touch(this.path);
    } catch {
      // The file was removed, or the disk fails: the store's own writes will report it.
    }
  }

  release(): void {
    clearInterval(this.timer);
    this.disk.unlink(this.path);
  }
}

function tryLink(disk: Disk, from: string, to: string): boolean {
  try {
    disk.link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeIfDead(disk: Disk, path: string, directory: string, silenceMs: number): Promise<void> {
  const owner = readOwner(disk, path);
  if (owner && (await isAlive(disk, path, owner, silenceMs))) throw new StoreLockedError(directory, owner.pid);
  // Two processes that find the same dead owner must not remove each other's new lock: only one of them can rename this file.
  const stale = `${path}.stale.${process.pid}.${++takes}`;
  try {
    disk.rename(path, stale);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const renamed = readOwner(disk, stale);
  if (renamed && JSON.stringify(renamed) !== JSON.stringify(owner)) tryLink(disk, stale, path);
  disk.unlink(stale);
}

async function isAlive(disk: Disk, path: string, owner: Owner, silenceMs: number): Promise<boolean> {
  const self = ownerOf(process.pid);
  const isElsewhere = owner.pidNamespace !== self.pidNamespace || owner.bootId !== self.bootId;
  if (isElsewhere) return stillTouched(disk, path, silenceMs);
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return ownerOf(owner.pid).startTime === owner.startTime;
}

async function stillTouched(disk: Disk, path: string, silenceMs: number): Promise<boolean> {
  const before = disk.modifiedAt(path);
  const stepMs = silenceMs / 10;
  for (let step = 0; step < 10; step++) {
    await new Promise((resolve) => setTimeout(resolve, stepMs));
    if (disk.modifiedAt(path) !== before) return true;
  }
  return false;
}

function ownerOf(pid: number): Owner {
  return {
    pid,
    // Field 22 of proc(5) stat; the command before it is in parentheses and may hold blanks.
    startTime: readSystem(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[19] ?? '',
    bootId: readSystem('/proc/sys/kernel/random/boot_id').trim(),
    pidNamespace: readNamespace(),
  };
}

/** Empty on a system without /proc: then the process number alone decides. */
function readSystem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function writeOwner(disk: Disk, path: string, owner: Owner): void {
  disk.unlink(path);
  const bytes = Buffer.from(JSON.stringify(owner));
  const file = disk.open(path, true);
  file.write(bytes, 0, bytes.length, 0);
  file.close();
}

function readOwner(disk: Disk, path: string): Owner | undefined {
  try {
    return JSON.parse(disk.readFile(path)?.toString('utf8') ?? '') as Owner;
  } catch {
    return undefined;
  }
}
