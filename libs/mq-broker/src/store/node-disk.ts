import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DirectoryLock, Disk, DiskFile } from './disk.js';
import { lockDirectory } from './lock/directory-lock.js';

/** A new folder for a store that lives as long as its process. */
export function makeTemporaryDirectory(): string {
  return fs.mkdtempSync(join(tmpdir(), 'rocketshop-store-'));
}

/** The machine's disk. */
export class NodeDisk implements Disk {
  open(path: string, create: boolean): DiskFile {
    const flags = fs.constants.O_RDWR | (create ? fs.constants.O_CREAT : 0);
    return new NodeDiskFile(path, fs.openSync(path, flags, 0o644));
  }

  makeDirectory(path: string): void {
    fs.mkdirSync(path, { recursive: true });
  }

  list(path: string): string[] {
    return whenPresent(() => fs.readdirSync(path).toSorted()) ?? [];
  }

  exists(path: string): boolean {
    return fs.existsSync(path);
  }

  readFile(path: string): Buffer | undefined {
    return whenPresent(() => fs.readFileSync(path));
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
    const descriptor = fs.openSync(path, fs.constants.O_RDONLY);
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

class NodeDiskFile implements DiskFile {
  /** Work in libuv's pool; a descriptor closed under it could be another file's by then. */
  private pending = 0;
  private closing = false;

  constructor(
    readonly path: string,
    private readonly descriptor: number,
  ) {}

  size(): number {
    return fs.fstatSync(this.descriptor).size;
  }

  write(buffer: Uint8Array, start: number, length: number, position: number): number {
    return fs.writeSync(this.descriptor, buffer, start, length, position);
  }

  writeAsync(buffer: Uint8Array, start: number, length: number, position: number): Promise<number> {
    this.pending++;
    return new Promise((resolve, reject) => {
      fs.write(this.descriptor, buffer, start, length, position, (error, written) => {
        this.settle();
        if (error) reject(error);
        else resolve(written);
      });
    });
  }

  read(buffer: Uint8Array, start: number, length: number, position: number): number {
    return fs.readSync(this.descriptor, buffer, start, length, position);
  }

  sync(): Promise<void> {
    this.pending++;
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.descriptor, (error) => {
        this.settle();
        if (error) reject(error);
        else resolve();
      });
    });
  }

  syncNow(): void {
    fs.fdatasyncSync(this.descriptor);
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.descriptor, size);
  }

  close(): void {
    if (this.closing) return;
    this.closing = true;
    if (this.pending === 0) fs.closeSync(this.descriptor);
  }

  private settle(): void {
    this.pending--;
    if (this.closing && this.pending === 0) fs.closeSync(this.descriptor);
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
