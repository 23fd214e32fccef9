/**
 * The store's port to the disk. `node-disk.ts` is the machine's disk, `testing/faulty-disk.ts` a faulty disk in memory. Besides
 * them only the lock uses `node:fs`: it asks the system about processes.
 */
export interface Disk {
  /** Opens a file for reading and writing. A missing file is made when `create` is true; else ENOENT is thrown. */
  open(path: string, create: boolean): DiskFile;
  /** Makes the folder and its parents. */
  makeDirectory(path: string): void;
  /** Sorted names. Empty when the folder does not exist. */
  list(path: string): string[];
  exists(path: string): boolean;
  /** The whole content. Undefined when the file does not exist. */
  readFile(path: string): Buffer | undefined;
  rename(from: string, to: string): void;
  /** Makes `to` another name of `from`. Throws EEXIST when `to` exists: the only atomic way to make a file with its content. */
  link(from: string, to: string): void;
  /** No error when the file does not exist. */
  unlink(path: string): void;
  /** Removes the folder with its content. */
  removeDirectory(path: string): void;
  /** Makes names in a folder durable. */
  syncDirectory(path: string): void;
  /** Milliseconds since the epoch. Undefined when the file does not exist. */
  modifiedAt(path: string): number | undefined;
  touch(path: string): void;
  /**
   * Takes the system's lock of a folder, which ends with this process. Undefined where the system has none. Throws EWOULDBLOCK when
   * another process has it.
   */
  lockDirectory(path: string): DirectoryLock | undefined;
  /** Space of the file system that holds `path`, in bytes; `available` is what an ordinary user may still take. */
  space(path: string): Promise<{ used: number; available: number }>;
}

/** The system's lock of a folder. */
export interface DirectoryLock {
  /** False when the path leads to another folder by now. */
  isInPlace(): boolean;
  release(): void;
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

/** True for the system's errors of a full disk, or of a full quota. */
export function isNoSpace(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** True when this process, or the system, may open no more files. What is there is unharmed, and the next try may succeed. */
export function isOutOfFiles(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE';
}

/** True for errors that pass, and that say nothing about what is stored: messages are refused until a later try succeeds. */
export function isNoRoom(error: unknown): boolean {
  return isNoSpace(error) || isOutOfFiles(error);
}
