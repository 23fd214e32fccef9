import { join } from 'node:path';
import type { Disk, DiskFile } from '../disk.js';
import { StoreCorruptedError } from '../store.errors.js';

/** RocketMQ's file names: the position of the file's first byte, twenty digits. */
export function fileNameOf(position: number): string {
  return position.toString().padStart(20, '0');
}

export interface LogFile {
  readonly base: number;
  readonly file: DiskFile;
}

/**
 * The commit log's files, oldest first: one sequence of positions. The zero filler makes a file before the log reaches it, so that
 * a roll costs nothing.
 */
export class LogFiles {
  private readonly files: LogFile[] = [];

  private constructor(
    private readonly disk: Disk,
    readonly directory: string,
    readonly fileBytes: number,
    private readonly durableNames: boolean,
  ) {}

  static open(disk: Disk, directory: string, fileBytes: number, durableNames: boolean): LogFiles {
    disk.makeDirectory(directory);
    const files = new LogFiles(disk, directory, fileBytes, durableNames);
    for (const name of disk.list(directory)) {
      if (!/^\d{20}$/.test(name)) continue;
      files.adopt(Number(name), disk.open(join(directory, name), false));
    }
    return files;
  }

  private adopt(base: number, file: DiskFile): void {
    const previous = this.files.at(-1);
    if (base % this.fileBytes !== 0 || (previous && previous.base + this.fileBytes !== base)) {
      throw new StoreCorruptedError(
        `${file.path} does not continue the log: files of ${this.fileBytes} bytes without a gap are expected.`,
      );
    }
    this.files.push({ base, file });
  }

  /** Position of the first byte that is not deleted. */
  get minOffset(): number {
    return this.files[0]?.base ?? 0;
  }

  /** The first position after all files. */
  get limit(): number {
    const last = this.files.at(-1);
    return last ? last.base + this.fileBytes : 0;
  }

  get all(): readonly LogFile[] {
    return this.files;
  }

  baseOf(offset: number): number {
    return offset - (offset % this.fileBytes);
  }

  at(offset: number): LogFile | undefined {
    const first = this.files[0];
    return first && this.files[(this.baseOf(offset) - first.base) / this.fileBytes];
  }

  /** The file that holds `offset`, made when it is the next one. */
  ensure(offset: number): LogFile {
    const existing = this.at(offset);
    if (existing) return existing;
    const base = this.baseOf(offset);
    const file = this.disk.open(join(this.directory, fileNameOf(base)), true);
    if (this.durableNames) this.disk.syncDirectory(this.directory);
    this.adopt(base, file);
    return this.files.at(-1) as LogFile;
  }

  /** Reads within one file. Returns the bytes read: 0 outside of the log. */
  read(target: Buffer, start: number, length: number, offset: number): number {
    const found = this.at(offset);
    if (!found) return 0;
    const position = offset - found.base;
    return found.file.read(target, start, Math.min(length, this.fileBytes - position), position);
  }

  /** Deletes the oldest file, but never the file that has `endOffset`. */
  deleteOldest(endOffset: number): boolean {
    const oldest = this.files[0];
    if (!oldest || this.baseOf(endOffset) <= oldest.base) return false;
    this.files.shift();
    oldest.file.close();
    this.disk.unlink(oldest.file.path);
    return true;
  }

  modifiedAt({ file }: LogFile): number | undefined {
    return this.disk.modifiedAt(file.path);
  }

  close(): void {
    for (const { file } of this.files.splice(0)) file.close();
  }
}
