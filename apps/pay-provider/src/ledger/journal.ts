import { mkdir, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { JournalDamagedError, JournalFailedError } from '../pay-provider.errors.js';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A line of `appendLater` is written after this time, if no other write has included it before. */
const LATER_MS = 100;

/**
 * An append-only file of JSON lines. `append` resolves when the line is on the disk. Lines that arrive during a sync
 * share the next one. An incomplete last line was never confirmed, and the start cuts it off.
 */
export class Journal<Entry> {
  private readonly lines: string[] = [];
  private readonly waiters: Waiter[] = [];
  private writing: Promise<void> | undefined;
  private laterTimer: NodeJS.Timeout | undefined;
  private failure: JournalFailedError | undefined;

  private constructor(
    private readonly file: FileHandle,
    readonly path: string,
    private position: number,
  ) {}

  /**
   * Opens or creates the file and returns its entries.
   * @throws {JournalDamagedError} when a line in the middle is unreadable
   */
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

  /** The error of every append after a failed one: since then the contents of the disk are unknown. */
  get failed(): JournalFailedError | undefined {
    return this.failure;
  }

  /** @throws {JournalFailedError} */
  append(entry: Entry): Promise<void> {
    if (this.failure === undefined) this.lines.push(lineOf(entry));
    return this.settled();
  }

  /** For an entry that a crash may lose. It begins no sync and shares the next one. */
  appendLater(entry: Entry): void {
    if (this.failure !== undefined) return;
    this.lines.push(lineOf(entry));
    this.laterTimer ??= setTimeout(() => {
      this.laterTimer = undefined;
      // The next append reports the failure.
      this.settled().catch(() => undefined);
    }, LATER_MS);
  }

  /** Resolves when everything appended so far is on the disk. @throws {JournalFailedError} */
  settled(): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.lines.length === 0 && this.writing === undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiters.push({ resolve, reject });
      this.writing ??= this.writeAll();
    });
  }

  async close(): Promise<void> {
    await this.settled().catch(() => undefined);
    clearTimeout(this.laterTimer);
    await this.file.close();
  }

  private async writeAll(): Promise<void> {
    // Lines of one turn of the event loop share one write and its sync.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiters.length > 0 && this.failure === undefined)
      await this.writeBatch(this.lines.splice(0), this.waiters.splice(0));
    this.writing = undefined;
  }

  private async writeBatch(lines: string[], waiters: Waiter[]): Promise<void> {
    try {
      if (lines.length > 0) await this.write(Buffer.from(lines.join('')));
      for (const waiter of waiters) waiter.resolve();
    } catch (error) {
      // No second try: after a failed sync the kernel may have dropped the pages, and the next sync would succeed
      // falsely.
      this.failure = new JournalFailedError(this.path, this.position, { cause: error });
      for (const waiter of [...waiters, ...this.waiters.splice(0)]) waiter.reject(this.failure);
    }
  }

  private async write(bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length;)
      written += (await this.file.write(bytes, written, bytes.length - written, null)).bytesWritten;
    await this.file.datasync();
    this.position += bytes.length;
  }
}

const lineOf = (entry: unknown): string => `${JSON.stringify(entry)}\n`;

/** Without this, a power cut may lose the name of a new file although its bytes were synced. */
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
