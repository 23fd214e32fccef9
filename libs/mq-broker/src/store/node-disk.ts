import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DirectoryLock, Disk, DiskFile } from './disk.js';
import { lockDirectory } from './lock/directory-lock.js';
import { NodeFile, openFiles } from './node-file.js';

/** A new folder for a store that lives as long as its process. */
export function makeTemporaryDirectory(): string {
  return fs.mkdtempSync(join(tmpdir(), 'rocketshop-store-'));
}

/** The machine's disk. */
export class NodeDisk implements Disk {
  open(path: string, create: boolean): DiskFile {
    return new NodeFile(path, create);
  }

  makeDirectory(path: string): void {
    fs.mkdirSync(path, { recursive: true });
  }

  list(path: string): string[] {
    return whenPresent(() => openFiles.withRoom(() => fs.readdirSync(path)).toSorted()) ?? [];
  }

  exists(path: string): boolean {
    return fs.existsSync(path);
  }

  readFile(path: string): Buffer | undefined {
    return whenPresent(() => openFiles.withRoom(() => fs.readFileSync(path)));
  }

  rename(from: string, to: string): void {
    fs.renameSync(from, to);
  }

  link(from: string, to: string): void {
    fs.linkSync(from, to);
  }

  unlink(path: string): void {
    whenPresent(() => fs.unlinkSync(path));
  }

  removeDirectory(path: string): void {
    fs.rmSync(path, { recursive: true, force: true });
  }

  syncDirectory(path: string): void {
    const descriptor = openFiles.withRoom(() => fs.openSync(path, fs.constants.O_RDONLY));
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  modifiedAt(path: string): number | undefined {
    return whenPresent(() => fs.statSync(path).mtimeMs);
  }

  touch(path: string): void {
    const now = new Date();
    fs.utimesSync(path, now, now);
  }

  lockDirectory(path: string): DirectoryLock | undefined {
    return lockDirectory(path);
  }

  async space(path: string): Promise<{ used: number; available: number }> {
    const state = await fs.promises.statfs(fs.existsSync(path) ? path : dirname(path));
    // As `df` counts: blocks kept back for root are neither used nor available.
    return { used: (state.blocks - state.bfree) * state.bsize, available: state.bavail * state.bsize };
  }
}

function whenPresent<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
