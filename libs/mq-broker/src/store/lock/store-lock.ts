import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from '../../logger.js';
import type { DirectoryLock, Disk } from '../disk.js';
import { StoreLockedError, StoreLockLostError } from '../store.errors.js';
import { identityOf, isAliveHere, isHere, parseOwner } from './lock-owner.js';
import type { LockOwner } from './lock-owner.js';

/** How often the owner looks at its file and touches it. */
const HEARTBEAT_MS = 1000;
/** An owner that cannot be looked up counts as dead after this time without a touch. */
const SILENCE_MS = 5000;
/** An owner that has not seen its lock for half of that time looks again before it writes or acknowledges anything. */
const CONFIRMED_SHARE = 0.5;
const TAKE_ATTEMPTS_MAX = 5;

export interface StoreLockOptions {
  /** @default 5000 */
  silenceMs?: number;
  /** @default silent */
  log?: Logger;
}

/**
 * Only one process may use a store. There are two locks:
 *
 * - the system's lock of the store's folder, where there is one (`directory-lock.ts`). It ends with the process.
 * - the file `lock`, which names the owner. It is made by `link`, which either makes the whole file or fails.
 *
 * Without the system's lock the file alone decides. The lock of a killed process is taken over: the owner is looked up by process
 * number and start time. An owner in another container or on another machine cannot be looked up. Its file is watched instead, since
 * owners touch their file every second. Such an owner may only have stood still. It finds out before it acknowledges anything, since
 * it looks at its file again after each pause (`isHeld`), and it ends.
 */
export class StoreLock {
  /** Called once when the store has another owner, or may have one. */
  onLost: ((error: StoreLockLostError) => void) | undefined;
  lost: StoreLockLostError | undefined;
  private readonly timer: NodeJS.Timeout;
  private readonly path: string;
  private confirmedAt = performance.now();
  private confirmedWallTime = Date.now();
  private isReleased = false;

  private constructor(
    private readonly disk: Disk,
    private readonly directory: string,
    /** What our lock file contains. */
    private readonly content: string,
    private readonly directoryLock: DirectoryLock | undefined,
    private readonly silenceMs: number,
  ) {
    this.path = join(directory, 'lock');
    this.timer = setInterval(() => this.look(), Math.min(HEARTBEAT_MS, silenceMs / 5));
    this.timer.unref();
  }

  /** Throws StoreLockedError when another process uses this store. */
  static async take(disk: Disk, directory: string, options: StoreLockOptions = {}): Promise<StoreLock> {
    const { silenceMs = SILENCE_MS, log = () => undefined } = options;
    disk.makeDirectory(directory);
    const directoryLock = takeDirectoryLock(disk, directory);
    if (directoryLock === undefined) log('info', 'There is no flock here; the file "lock" alone guards the store.');
    try {
      const owner = { ...identityOf(process.pid), systemLock: directoryLock !== undefined, token: randomUUID() };
      await takeFile(disk, directory, owner, silenceMs);
      return new StoreLock(disk, directory, JSON.stringify(owner), directoryLock, silenceMs);
    } catch (error) {
      directoryLock?.release();
      throw error;
    }
  }

  /** False from when on the store has another owner, or may have one. Cheap unless the process stood still. */
  isHeld(): boolean {
    if (this.lost === undefined && !this.isReleased && this.isOverdue(CONFIRMED_SHARE)) this.look();
    return this.lost === undefined;
  }

  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    clearInterval(this.timer);
    try {
      // The file of the next owner is not ours to remove.
      if (readText(this.disk, this.path) === this.content) this.disk.unlink(this.path);
    } finally {
      this.directoryLock?.release();
    }
  }

  private look(): void {
    if (this.lost !== undefined || this.isReleased) return;
    try {
      const problem = this.problem();
      if (problem === undefined) {
        this.disk.touch(this.path);
        this.confirmedAt = performance.now();
        this.confirmedWallTime = Date.now();
      } else {
        this.lose(problem);
      }
    } catch {
      // The disk fails, and the store's own writes will report it. But an unseen lock may have been taken over.
      if (this.directoryLock === undefined && this.isOverdue(1)) this.lose('its lock file cannot be read');
    }
  }

  /** Why the store is not ours for certain. */
  private problem(): string | undefined {
    const text = readText(this.disk, this.path);
    if (this.directoryLock !== undefined && !this.directoryLock.isInPlace()) return 'another folder is in its place';
    if (text === this.content) return undefined;
    const owner = parseOwner(text);
    if (owner !== undefined) return `process ${owner.pid} has taken it over`;
    // With the system's lock nobody can have been here meanwhile. Without it somebody can have come and gone.
    if (this.directoryLock === undefined) return 'its lock file is gone';
    this.disk.unlink(this.path);
    return linkOwner(this.disk, this.path, this.content) ? undefined : 'its lock file was taken';
  }

  private lose(problem: string): void {
    this.lost = new StoreLockLostError(this.directory, problem);
    clearInterval(this.timer);
    this.onLost?.(this.lost);
  }

  /** Both clocks: one of them stands still while a machine sleeps, the other one can be set. */
  private isOverdue(share: number): boolean {
    const limitMs = this.silenceMs * share;
    return performance.now() - this.confirmedAt > limitMs || Math.abs(Date.now() - this.confirmedWallTime) > limitMs;
  }
}

function takeDirectoryLock(disk: Disk, directory: string): DirectoryLock | undefined {
  try {
    return disk.lockDirectory(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EWOULDBLOCK') throw error;
    throw new StoreLockedError(directory, parseOwner(readText(disk, join(directory, 'lock')))?.pid ?? 0);
  }
}

async function takeFile(disk: Disk, directory: string, owner: LockOwner, silenceMs: number): Promise<void> {
  const path = join(directory, 'lock');
  for (let attempt = 0; attempt < TAKE_ATTEMPTS_MAX; attempt++) {
    if (linkOwner(disk, path, JSON.stringify(owner))) return;
    await removeIfDead(disk, path, directory, owner, silenceMs);
  }
  throw new StoreLockedError(directory, parseOwner(readText(disk, path))?.pid ?? 0);
}

/** Makes the file with its content, unless there is one. */
function linkOwner(disk: Disk, path: string, content: string): boolean {
  const aside = `${path}.${randomUUID()}`;
  try {
    const bytes = Buffer.from(content);
    const file = disk.open(aside, true);
    try {
      if (file.write(bytes, 0, bytes.length, 0) < bytes.length) {
        throw Object.assign(new Error(`short write to ${aside}`), { code: 'ENOSPC' });
      }
    } finally {
      file.close();
    }
    return tryLink(disk, aside, path);
  } finally {
    disk.unlink(aside);
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

async function removeIfDead(
  disk: Disk,
  path: string,
  directory: string,
  self: LockOwner,
  silenceMs: number,
): Promise<void> {
  const text = readText(disk, path);
  if (text === undefined) return;
  const owner = parseOwner(text);
  if (await isAlive(disk, path, owner, self, silenceMs)) throw new StoreLockedError(directory, owner?.pid ?? 0);
  // Two processes that find the same dead owner must not remove each other's new lock: only one of them can rename this file.
  const stale = `${path}.stale.${randomUUID()}`;
  try {
    disk.rename(path, stale);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readText(disk, stale) !== text) tryLink(disk, stale, path);
  disk.unlink(stale);
}

async function isAlive(
  disk: Disk,
  path: string,
  owner: LockOwner | undefined,
  self: LockOwner,
  silenceMs: number,
): Promise<boolean> {
  if (owner === undefined) return stillTouched(disk, path, silenceMs);
  // The system gave its lock to us, so an owner that had it under this kernel is gone.
  if (self.systemLock === true && owner.systemLock === true && owner.bootId === self.bootId) return false;
  return isHere(owner) ? isAliveHere(owner) : stillTouched(disk, path, silenceMs);
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

function readText(disk: Disk, path: string): string | undefined {
  return disk.readFile(path)?.toString('utf8');
}
