import * as fs from 'node:fs';
import { storeFilesMax } from '../open-files.js';
import { isOutOfFiles } from './disk.js';
import type { DiskFile } from './disk.js';

/** One closed file makes room for one. Where that does not help, closing them all would not either. */
const TRIES_MAX = 2;

/**
 * The files that all stores of this process have open. A log of a terabyte has a thousand files, and a process may be allowed a few
 * hundred. So a file that was not used for long is closed behind its user's back, and opened again when it is used.
 */
class OpenFiles {
  private readonly files = new Set<NodeFile>();
  private max: number | undefined;
  private uses = 0;

  nextUse(): number {
    return ++this.uses;
  }

  add(file: NodeFile): void {
    this.files.add(file);
  }

  delete(file: NodeFile): void {
    this.files.delete(file);
  }

  /** Opens something. Where the process may open no more, or the store has its share, a file that is not in use is closed for it. */
  withRoom<T>(open: () => T): T {
    this.max ??= storeFilesMax();
    while (this.files.size >= this.max && this.closeOldest());
    for (let tries = 0; ; tries++) {
      try {
        return open();
      } catch (error) {
        if (!isOutOfFiles(error) || tries === TRIES_MAX || !this.closeOldest()) throw error;
      }
    }
  }

  /** A file that was written since its last sync is closed only when there is no other, and after a sync. */
  private closeOldest(): boolean {
    const idle = [...this.files].filter((file) => file.isIdle);
    const clean = oldestOf(idle.filter((file) => !file.isDirty));
    return clean?.park() ?? oldestOf(idle)?.park() ?? false;
  }
}

function oldestOf(files: readonly NodeFile[]): NodeFile | undefined {
  return files.reduce<NodeFile | undefined>(
    (oldest, file) => (oldest === undefined || file.lastUse < oldest.lastUse ? file : oldest),
    undefined,
  );
}

export const openFiles = new OpenFiles();

/** An open file of the machine's disk. */
export class NodeFile implements DiskFile {
  lastUse = openFiles.nextUse();
  /** Undefined while it is parked, and after it was closed. */
  private descriptor: number | undefined;
  /** Work in libuv's pool; a descriptor closed under it could be another file's by then. */
  private pending = 0;
  private closing = false;
  /** Written since the last sync. The system may tell only this descriptor that the disk has refused what was written. */
  isDirty = false;
  /** The disk refused a sync that nobody waited for: the next one tells. */
  private syncError: Error | undefined;

  constructor(
    readonly path: string,
    create: boolean,
  ) {
    const flags = fs.constants.O_RDWR | (create ? fs.constants.O_CREAT : 0);
    this.descriptor = openFiles.withRoom(() => fs.openSync(path, flags, 0o644));
    openFiles.add(this);
  }

  /** The system is not at work on it. */
  get isIdle(): boolean {
    return this.pending === 0 && this.syncError === undefined;
  }

  /** Closes the descriptor until the file is used again. False when the disk refuses what was written. */
  park(): boolean {
    try {
      if (this.isDirty) this.syncNow();
    } catch (error) {
      this.syncError = error as Error;
      return false;
    }
    this.release();
    return true;
  }

  size(): number {
    return fs.fstatSync(this.use()).size;
  }

  write(buffer: Uint8Array, start: number, length: number, position: number): number {
    const descriptor = this.use();
    this.isDirty = true;
    return fs.writeSync(descriptor, buffer, start, length, position);
  }

  writeAsync(buffer: Uint8Array, start: number, length: number, position: number): Promise<number> {
    const descriptor = this.use();
    this.isDirty = true;
    this.pending++;
    return new Promise((resolve, reject) => {
      fs.write(descriptor, buffer, start, length, position, (error, written) => {
        this.settle();
        if (error) reject(error);
        else resolve(written);
      });
    });
  }

  read(buffer: Uint8Array, start: number, length: number, position: number): number {
    return fs.readSync(this.use(), buffer, start, length, position);
  }

  sync(): Promise<void> {
    if (this.syncError) return Promise.reject(this.syncError);
    if (this.isParkedClean) return Promise.resolve();
    const descriptor = this.use();
    this.isDirty = false;
    this.pending++;
    return new Promise((resolve, reject) => {
      fs.fdatasync(descriptor, (error) => {
        if (error) this.isDirty = true;
        this.settle();
        if (error) reject(error);
        else resolve();
      });
    });
  }

  syncNow(): void {
    if (this.syncError) throw this.syncError;
    if (this.isParkedClean) return;
    fs.fdatasyncSync(this.use());
    this.isDirty = false;
  }

  truncate(size: number): void {
    const descriptor = this.use();
    this.isDirty = true;
    fs.ftruncateSync(descriptor, size);
  }

  close(): void {
    if (this.closing) return;
    this.closing = true;
    if (this.pending === 0) this.release();
  }

  /** It was synced when it was parked, and a sync must not fail for want of a descriptor. */
  private get isParkedClean(): boolean {
    return this.descriptor === undefined && !this.isDirty && !this.closing;
  }

  private use(): number {
    this.lastUse = openFiles.nextUse();
    return this.descriptor ?? this.reopen();
  }

  private reopen(): number {
    if (this.closing) throw Object.assign(new Error(`${this.path} is closed`), { code: 'EBADF' });
    this.descriptor = openFiles.withRoom(() => fs.openSync(this.path, fs.constants.O_RDWR));
    openFiles.add(this);
    return this.descriptor;
  }

  private release(): void {
    openFiles.delete(this);
    const { descriptor } = this;
    this.descriptor = undefined;
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }

  private settle(): void {
    this.pending--;
    if (this.closing && this.pending === 0) this.release();
  }
}
