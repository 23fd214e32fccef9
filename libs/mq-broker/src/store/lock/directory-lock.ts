import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import type { DirectoryLock } from '../disk.js';

/** `flock -n` does not wait. A file system of another machine may hang. */
const FLOCK_TIMEOUT_MS = 5_000;

/**
 * Locks a folder with flock(2). Node cannot call it, so the program `flock` of util-linux or BusyBox does, once: it gets our open
 * descriptor, and the lock belongs to that open file, not to the program. So it lives as long as we keep the descriptor, and the
 * kernel ends it with our process, however that ends. It does not depend on a name, so removing a file breaks nothing.
 *
 * @returns undefined where there is no such program, or where the file system has no locks
 * @throws an error with the code EWOULDBLOCK when another open file has the lock
 */
export function lockDirectory(path: string): DirectoryLock | undefined {
  const descriptor = fs.openSync(path, fs.constants.O_RDONLY);
  try {
    const { status, stderr } = spawnSync('flock', ['-n', '3'], {
      stdio: ['ignore', 'ignore', 'pipe', descriptor],
      timeout: FLOCK_TIMEOUT_MS,
    });
    if (status === 0) return new FlockedDirectory(path, descriptor);
    // Both programs say nothing when the lock is taken, and why when something else is wrong.
    if (status === 1 && stderr.length === 0) {
      throw Object.assign(new Error(`another process has locked ${path}`), { code: 'EWOULDBLOCK' });
    }
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
  fs.closeSync(descriptor);
  return undefined;
}

class FlockedDirectory implements DirectoryLock {
  constructor(
    private readonly path: string,
    private readonly descriptor: number,
  ) {}

  isInPlace(): boolean {
    const locked = fs.fstatSync(this.descriptor);
    const found = fs.statSync(this.path, { throwIfNoEntry: false });
    return found?.ino === locked.ino && found.dev === locked.dev;
  }

  release(): void {
    fs.closeSync(this.descriptor);
  }
}
