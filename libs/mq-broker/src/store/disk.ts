/**
 * All the store knows of a disk. `node-disk.ts` is the machine's, `testing/faulty-disk.ts` its faulty twin. Nothing else in
 * this folder touches `node:fs`.
 */
export interface Disk {
  /** Opens for reading and writing; makes the file when it is not there and `create` is true, throws ENOENT otherwise. */
  open(path: string, create: boolean): DiskFile;
  /** Makes the folder and its parents. */
  makeDirectory(path: string): void;
  /** Sorted names; empty when the folder is not there. */
  list(path: string): string[];
  exists(path: string): boolean;
  /** Whole content, undefined when the file is not there. */
  readFile(path: string): Buffer | undefined;
  rename(from: string, to: string): void;
  /** Makes `to` another name of `from`; throws EEXIST when `to` is there: the one atomic "make if absent with content". */
  link(from: string, to: string): void;
  /** No error when it is not there. */
  unlink(path: string): void;
  /** The folder with all it holds. */
  removeDirectory(path: string): void;
  /** Makes names in a folder durable. */
  syncDirectory(path: string): void;
  /** Milliseconds since the epoch, undefined when it is not there. */
  modifiedAt(path: string): number | undefined;
  touch(path: string): void;
  /** Space of the file system that holds `path`, in bytes; `available` is what an ordinary user may still take. */
  space(path: string): Promise<{ used: number; available: number }>;
}

/** An open file. Reads and writes name their position; there is no cursor. */
export interface DiskFile {
  readonly path: string;
  size(): number;
  /** Returns the bytes written, which may be fewer than asked on a full disk. Throws what the system throws. */
  write(buffer: Uint8Array, start: number, length: number, position: number): number;
  /** As `write`, in libuv's pool. */
  writeAsync(buffer: Uint8Array, start: number, length: number, position: number): Promise<number>;
  /** Returns the bytes read, fewer than asked at the end of the file. */
  read(buffer: Uint8Array, start: number, length: number, position: number): number;
  /** Makes the content durable, in libuv's pool. */
  sync(): Promise<void>;
  /** As `sync`, blocking: for start and recovery only. */
  syncNow(): void;
  truncate(size: number): void;
  close(): void;
}

/** True for what the system throws when no block is left, or none for this user. */
export function isNoSpace(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
