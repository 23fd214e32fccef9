import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { JournalDamagedError, JournalFailedError } from '../pay-provider.errors.js';

interface PendingLine {
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * An append-only file of JSON lines. `append` resolves after the line is on the disk; lines that come while a sync is under
 * way share the next one. A last line without its end was never confirmed to anybody and is cut at the start.
 */
export class Journal<Entry> {
  private readonly pending: PendingLine[] = [];
  private writing: Promise<void> | undefined;
  private failure: JournalFailedError | undefined;

  private constructor(
    private readonly file: FileHandle,
    readonly path: string,
    private position: number,
  ) {}

  /** Opens or creates the file and gives its entries. @throws {JournalDamagedError} where a line in the middle is unreadable */
  static async open<Entry>(path: string): Promise<{ journal: Journal<Entry>; entries: Entry[] }> {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'a+');
    try {
      await syncDirectory(dirname(path));
      const content = await file.readFile();
      const end = content.lastIndexOf(0x0a) + 1;
      if (end < content.length) {
        await file.truncate(end);
        await file.sync();
      }
      const lines = content.toString('utf8', 0, end).split('\n').slice(0, -1);
      const entries = lines.map((line, index) => parseLine<Entry>(line, index + 1, path));
      return { journal: new Journal<Entry>(file, path, end), entries };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** What every append is refused with after one has failed: what the disk holds since then is unknown. */
  get failed(): JournalFailedError | undefined {
    return this.failure;
  }

  /** @throws {JournalFailedError} */
  append(entry: Entry): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.pending.push({ text: `${JSON.stringify(entry)}\n`, resolve, reject });
      this.writing ??= this.writeAll();
    });
  }

  /** Resolves when all that was appended so far is on the disk. @throws {JournalFailedError} */
  async settled(): Promise<void> {
    await this.writing;
    if (this.failure !== undefined) throw this.failure;
  }

  async close(): Promise<void> {
    await this.writing;
    await this.file.close();
  }

  private async writeAll(): Promise<void> {
    // Lines of the same tick go into one write.
    await Promise.resolve();
    while (this.pending.length > 0 && this.failure === undefined) await this.writeBatch(this.pending.splice(0));
    this.writing = undefined;
  }

  private async writeBatch(lines: PendingLine[]): Promise<void> {
    try {
      const bytes = Buffer.from(lines.map((line) => line.text).join(''));
      await this.file.appendFile(bytes);
      await this.file.datasync();
      this.position += bytes.length;
      for (const line of lines) line.resolve();
    } catch (error) {
      // Never tried again: after a failed sync the kernel may have dropped the pages and call the next one a success.
      this.failure = new JournalFailedError(this.path, this.position, { cause: error });
      for (const line of [...lines, ...this.pending.splice(0)]) line.reject(this.failure);
    }
  }
}

/** Else a new file's name may be gone after a power cut, although its bytes were synced. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function parseLine<Entry>(line: string, number: number, path: string): Entry {
  try {
    return JSON.parse(line) as Entry;
  } catch (error) {
    throw new JournalDamagedError(path, number, { cause: error });
  }
}
