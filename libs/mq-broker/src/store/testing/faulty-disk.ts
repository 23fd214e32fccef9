import { dirname, normalize } from 'node:path';
import type { Disk, DiskFile } from '../disk.js';

const SECTOR_BYTES = 512;

/** Content in memory (what a process sees) and on the platter (what a power cut leaves). */
class Inode {
  content = Buffer.alloc(0);
  platter = Buffer.alloc(0);
  modifiedAt = 0;

  write(bytes: Uint8Array, position: number): void {
    this.grow(position + bytes.length);
    this.content.set(bytes, position);
  }

  grow(size: number): void {
    if (size <= this.content.length) return;
    const grown = Buffer.alloc(size);
    this.content.copy(grown);
    this.content = grown;
  }
}

/** The faults to produce. A test may set them at any time. */
export interface Faults {
  /** This many syncs succeed, then each one fails with EIO. */
  syncsUntilFailure: number;
  /** This many writes succeed, then each one fails with EIO. */
  writesUntilFailure: number;
  /** Bytes the disk holds; what does not fit is written short, then ENOSPC. */
  capacityBytes: number;
  /** While true, syncs do not end; `releaseSyncs` lets them. */
  holdSyncs: boolean;
}

/**
 * A disk in memory that fails on demand: it loses unsynced writes and names in a power cut (or keeps some sectors of them,
 * in any order), refuses syncs, runs full, flips bits. `kill` ends the process and leaves the machine running.
 */
export class FaultyDisk implements Disk {
  readonly faults: Faults = {
    syncsUntilFailure: Number.POSITIVE_INFINITY,
    writesUntilFailure: Number.POSITIVE_INFINITY,
    capacityBytes: Number.POSITIVE_INFINITY,
    holdSyncs: false,
  };
  syncs = 0;
  reads = 0;
  private names = new Map<string, Inode>();
  private durableNames = new Map<string, Inode>();
  private directories = new Set<string>(['/']);
  private held: (() => void)[] = [];
  /** Files opened before this count belong to a process that is gone. */
  private generation = 0;

  /** @param random 0..1, decides which unsynced sectors survive a power cut */
  constructor(private readonly random: () => number = () => 0) {}

  /** The disk as one process sees it: after `kill` or `cutPower` nothing this process still does has any effect. */
  mount(): Disk {
    const { generation } = this;
    return new Proxy<Disk>(this, {
      get: (target, name): unknown => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...values: unknown[]): unknown => {
          if (this.generation !== generation) throw failure('EIO', 'this process is gone');
          return Reflect.apply(member, target, values) as unknown;
        };
      },
    });
  }

  /** The process dies: its running operations have no effect any more. */
  kill(): void {
    this.generation++;
    this.held = [];
    this.faults.holdSyncs = false;
  }

  /** The machine dies: names and bytes that were not synced are lost, except for sectors that survive by chance. */
  cutPower(): void {
    this.kill();
    this.names = new Map(this.durableNames);
    for (const inode of this.names.values()) {
      for (let at = 0; at < inode.content.length; at += SECTOR_BYTES) {
        if (this.random() <= 0.5) continue;
        const end = Math.min(at + SECTOR_BYTES, inode.content.length);
        if (end > inode.platter.length)
          inode.platter = Buffer.concat([inode.platter, Buffer.alloc(end - inode.platter.length)]);
        inode.content.copy(inode.platter, at, at, end);
      }
      inode.content = Buffer.from(inode.platter);
    }
  }

  releaseSyncs(): void {
    this.faults.holdSyncs = false;
    for (const release of this.held.splice(0)) release();
  }

  /** The file's bytes themselves: a test that changes them damages the file. */
  contentOf(path: string): Buffer {
    const inode = this.names.get(normalize(path));
    if (!inode) throw notFound(path);
    return inode.content;
  }

  flipBit(path: string, position: number, bit: number): void {
    const content = this.contentOf(path);
    content[position] = (content[position] ?? 0) ^ (1 << bit);
  }

  /** Every file, copied; `restore` brings it back. */
  snapshot(): Map<string, Buffer> {
    return new Map([...this.names].map(([path, inode]) => [path, Buffer.from(inode.content)]));
  }

  restore(files: ReadonlyMap<string, Buffer>): void {
    this.kill();
    this.names = new Map();
    for (const [path, content] of files) {
      const inode = new Inode();
      inode.content = Buffer.from(content);
      inode.platter = Buffer.from(content);
      this.names.set(path, inode);
    }
    this.durableNames = new Map(this.names);
  }

  open(path: string, create: boolean): DiskFile {
    const name = normalize(path);
    let inode = this.names.get(name);
    if (!inode) {
      if (!create) throw notFound(path);
      inode = new Inode();
      this.names.set(name, inode);
    }
    const { generation } = this;
    return new FaultyFile(name, inode, this, () => this.generation === generation);
  }

  makeDirectory(path: string): void {
    for (let at = normalize(path); at !== dirname(at); at = dirname(at)) this.directories.add(at);
  }

  list(path: string): string[] {
    const prefix = `${normalize(path)}/`;
    const below = [...this.names.keys(), ...this.directories].filter((name) => name.startsWith(prefix));
    return [...new Set(below.map((name) => name.slice(prefix.length).split('/')[0] ?? ''))].toSorted();
  }

  exists(path: string): boolean {
    return this.names.has(normalize(path)) || this.directories.has(normalize(path));
  }

  readFile(path: string): Buffer | undefined {
    const inode = this.names.get(normalize(path));
    return inode && Buffer.from(inode.content);
  }

  rename(from: string, to: string): void {
    const inode = this.names.get(normalize(from));
    if (!inode) throw notFound(from);
    this.names.delete(normalize(from));
    this.names.set(normalize(to), inode);
  }

  link(from: string, to: string): void {
    const inode = this.names.get(normalize(from));
    if (!inode) throw notFound(from);
    if (this.names.has(normalize(to))) throw failure('EEXIST', `link ${to}`);
    this.names.set(normalize(to), inode);
  }

  unlink(path: string): void {
    this.names.delete(normalize(path));
  }

  removeDirectory(path: string): void {
    const prefix = normalize(path);
    const isBelow = (name: string): boolean => name === prefix || name.startsWith(`${prefix}/`);
    for (const name of this.names.keys()) if (isBelow(name)) this.names.delete(name);
    for (const name of this.directories) if (isBelow(name)) this.directories.delete(name);
  }

  syncDirectory(path: string): void {
    const directory = normalize(path);
    for (const name of this.durableNames.keys()) {
      if (dirname(name) === directory && !this.names.has(name)) this.durableNames.delete(name);
    }
    for (const [name, inode] of this.names) if (dirname(name) === directory) this.durableNames.set(name, inode);
  }

  modifiedAt(path: string): number | undefined {
    return this.names.get(normalize(path))?.modifiedAt;
  }

  touch(path: string): void {
    const inode = this.names.get(normalize(path));
    if (inode) inode.modifiedAt = Date.now();
  }

  /** The system's lock belongs to processes, and everything here is one process. */
  readonly lockDirectory = (): undefined => undefined;

  space(): Promise<{ used: number; available: number }> {
    const used = this.usedBytes;
    const { capacityBytes } = this.faults;
    const available = Number.isFinite(capacityBytes) ? Math.max(0, capacityBytes - used) : Number.MAX_SAFE_INTEGER;
    return Promise.resolve({ used, available });
  }

  /** Room left for a file that is to grow by `bytes`. */
  take(bytes: number): number {
    return Math.max(0, Math.min(bytes, this.faults.capacityBytes - this.usedBytes));
  }

  countWrite(): void {
    if (this.faults.writesUntilFailure-- <= 0) throw failure('EIO', 'write');
  }

  async finishSync(): Promise<void> {
    this.syncs++;
    if (this.faults.syncsUntilFailure-- <= 0) throw failure('EIO', 'fdatasync');
    if (this.faults.holdSyncs) await new Promise<void>((resolve) => this.held.push(resolve));
  }

  private get usedBytes(): number {
    let used = 0;
    for (const { content } of this.names.values()) used += content.length;
    return used;
  }
}

class FaultyFile implements DiskFile {
  constructor(
    readonly path: string,
    private readonly inode: Inode,
    private readonly disk: FaultyDisk,
    private readonly isAlive: () => boolean,
  ) {}

  size(): number {
    return this.inode.content.length;
  }

  write(buffer: Uint8Array, start: number, length: number, position: number): number {
    if (!this.isAlive()) return length;
    this.disk.countWrite();
    const growth = Math.max(0, position + length - this.inode.content.length);
    const room = this.disk.take(growth);
    const written = length - (growth - room);
    if (written <= 0) throw failure('ENOSPC', 'write');
    this.inode.write(buffer.subarray(start, start + written), position);
    return written;
  }

  async writeAsync(buffer: Uint8Array, start: number, length: number, position: number): Promise<number> {
    await Promise.resolve();
    return this.write(buffer, start, length, position);
  }

  read(buffer: Uint8Array, start: number, length: number, position: number): number {
    this.disk.reads++;
    const bytes = this.inode.content.subarray(position, position + length);
    buffer.set(bytes, start);
    return bytes.length;
  }

  async sync(): Promise<void> {
    const content = Buffer.from(this.inode.content);
    await this.disk.finishSync();
    if (this.isAlive()) this.inode.platter = content;
  }

  syncNow(): void {
    if (this.isAlive()) this.inode.platter = Buffer.from(this.inode.content);
  }

  truncate(size: number): void {
    if (!this.isAlive()) return;
    this.inode.grow(size);
    this.inode.content = Buffer.from(this.inode.content.subarray(0, size));
  }

  close(): void {
    // Nothing is held open; a closed file that is still used shows as a test that fails elsewhere.
  }
}

function failure(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

function notFound(path: string): Error {
  return failure('ENOENT', path);
}
