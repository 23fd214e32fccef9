import { storeFilesMax } from '../../open-files.js';
import { isOutOfFiles } from '../disk.js';
import type { Disk, DiskFile } from '../disk.js';

/** Maximum of open consume queue files. Above it the least recently used file is closed. */
const OPEN_FILES_MAX = 512;

/** Keeps files open between uses. A Map iterates in the order of insertion, so it is a list by last use. */
export class FileCache {
  private readonly files = new Map<string, DiskFile>();
  /** The log needs files too. */
  private readonly max = Math.min(OPEN_FILES_MAX, Math.ceil(storeFilesMax() / 2));

  constructor(private readonly disk: Disk) {}

  /** Undefined when the file does not exist and `create` is false. */
  get(path: string, create: boolean): DiskFile | undefined {
    const cached = this.files.get(path);
    if (cached) {
      this.files.delete(path);
      this.files.set(path, cached);
      return cached;
    }
    if (!create && !this.disk.exists(path)) return undefined;
    const file = this.open(path, create);
    this.files.set(path, file);
    if (this.files.size > this.max) this.forgetOldest();
    return file;
  }

  private open(path: string, create: boolean): DiskFile {
    for (;;) {
      try {
        return this.disk.open(path, create);
      } catch (error) {
        if (!isOutOfFiles(error) || !this.forgetOldest()) throw error;
      }
    }
  }

  private forgetOldest(): boolean {
    const [oldest] = this.files.keys();
    if (oldest !== undefined) this.forget(oldest);
    return oldest !== undefined;
  }

  forget(path: string): void {
    this.files.get(path)?.close();
    this.files.delete(path);
  }

  close(): void {
    for (const file of this.files.values()) file.close();
    this.files.clear();
  }
}
