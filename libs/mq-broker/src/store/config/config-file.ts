import { dirname } from 'node:path';
import type { Disk } from '../disk.js';
import { NodeDisk } from '../node-disk.js';
import { ConfigFileBrokenError } from '../store.errors.js';

export interface ConfigFileContent<T> {
  /** Undefined when there is no file yet. */
  value: T | undefined;
  /** `backup`: the main file was missing or broken; `problem` says how. */
  source: 'main' | 'backup' | 'none';
  problem?: string;
}

export interface ConfigFileOptions<T> {
  /** @default the machine's */
  disk?: Disk;
  /** Throws when the text is not a whole file. @default JSON.parse */
  parse?: (text: string) => T;
  /** @default JSON.stringify */
  stringify?: (value: T) => string;
}

/**
 * A small file that is either the old one or the new one, never half of each: temporary file, sync, rename, sync of the
 * folder; the forerunner is kept as `.bak`. One write at a time; of those asked for meanwhile only the newest is done.
 */
export class ConfigFile<T> {
  private readonly disk: Disk;
  private readonly parse: (text: string) => T;
  private readonly stringify: (value: T) => string;
  private running: Promise<void> | undefined;
  private next: { text: string; done: Promise<void> } | undefined;

  constructor(
    readonly path: string,
    options: ConfigFileOptions<T> = {},
  ) {
    this.disk = options.disk ?? new NodeDisk();
    this.parse = options.parse ?? ((text) => JSON.parse(text) as T);
    this.stringify = options.stringify ?? ((value) => JSON.stringify(value));
  }

  /** Throws ConfigFileBrokenError when there are files but none can be read. */
  read(): ConfigFileContent<T> {
    const main = this.readOne(this.path);
    if (main.value !== undefined) return { value: main.value, source: 'main' };
    const backup = this.readOne(`${this.path}.bak`);
    if (backup.value !== undefined) {
      return {
        value: backup.value,
        source: 'backup',
        problem: main.problem ?? 'the file is missing',
      };
    }
    const error = main.error ?? backup.error;
    if (error !== undefined) throw new ConfigFileBrokenError(this.path, error);
    return { value: undefined, source: 'none' };
  }

  /** Resolves when the value, or a newer one, is durable. */
  write(value: T): Promise<void> {
    const text = this.stringify(value);
    if (this.next) {
      this.next.text = text;
      return this.next.done;
    }
    if (!this.running) return this.start(text);
    const waiting: { text: string; done: Promise<void> } = { text, done: Promise.resolve() };
    const begin = (): Promise<void> => {
      this.next = undefined;
      return this.start(waiting.text);
    };
    waiting.done = this.running.then(begin, begin);
    this.next = waiting;
    return waiting.done;
  }

  private start(text: string): Promise<void> {
    const running = this.replace(text).finally(() => {
      if (this.running === running) this.running = undefined;
    });
    this.running = running;
    return running;
  }

  private async replace(text: string): Promise<void> {
    const { disk, path } = this;
    disk.makeDirectory(dirname(path));
    const temporary = `${path}.tmp`;
    disk.unlink(temporary);
    const file = disk.open(temporary, true);
    try {
      const bytes = Buffer.from(text, 'utf8');
      const written = file.write(bytes, 0, bytes.length, 0);
      if (written < bytes.length) throw Object.assign(new Error(`short write to ${temporary}`), { code: 'ENOSPC' });
      await file.sync();
    } finally {
      file.close();
    }
    if (disk.exists(path)) disk.rename(path, `${path}.bak`);
    disk.rename(temporary, path);
    disk.syncDirectory(dirname(path));
  }

  private readOne(path: string): { value?: T; error?: unknown; problem?: string } {
    const bytes = this.disk.readFile(path);
    if (!bytes) return {};
    try {
      return { value: this.parse(bytes.toString('utf8')) };
    } catch (error) {
      return { error, problem: error instanceof Error ? error.message : 'unknown' };
    }
  }
}
