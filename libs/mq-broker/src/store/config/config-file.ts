import { dirname } from 'node:path';
import type { Logger } from '../../logger.js';
import type { Disk } from '../disk.js';
import { NodeDisk } from '../node-disk.js';
import { ConfigFileBrokenError } from '../store.errors.js';
import { checkedText, withChecksum } from './checksum-member.js';

/** The system had nothing to open a file with. That says nothing about the file, so its backup must not replace it. */
const PASSING_ERRORS = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR']);

export interface ConfigFileContent<T> {
  /** Undefined when there is no file yet. */
  value: T | undefined;
  /** `backup`: the main file was missing or broken; `problem` says how. */
  source: 'main' | 'backup' | 'none';
  problem?: string;
  /** False for a file of RocketMQ, of an older version, or changed by hand: nothing protects it from a flipped bit. */
  hasChecksum: boolean;
}

export interface ConfigFileOptions<T> {
  /** @default the machine's */
  disk?: Disk;
  /** Throws when the text is not a whole file, or no table of this kind. @default JSON.parse */
  parse?: (text: string) => T;
  /** Gives a JSON object. @default JSON.stringify */
  stringify?: (value: T) => string;
  /** Told which file is broken and what is used instead. @default silent */
  log?: Logger;
}

/** What one copy is: `value` when it is good, else `problem`; neither when there is no such file. */
interface Copy<T> {
  value?: T;
  problem?: string;
  hasChecksum: boolean;
}

/**
 * A table file with a checksum. It is either the old one or the new one, never half of each: temporary file, sync, rename, sync of
 * the folder. The forerunner is kept as `.bak`, from the first write on. One write at a time; of those asked for meanwhile only the
 * newest is done.
 */
export class ConfigFile<T> {
  private readonly disk: Disk;
  private readonly parse: (text: string) => T;
  private readonly stringify: (value: T) => string;
  private readonly log: Logger;
  private running: Promise<void> | undefined;
  private next: { text: string; done: Promise<void> } | undefined;
  /** The next write must not put the broken file in the place of the good backup. */
  private isBroken = false;
  /** It may even be a folder, which no rename would replace. */
  private isBackupBroken = false;

  constructor(
    readonly path: string,
    options: ConfigFileOptions<T> = {},
  ) {
    this.disk = options.disk ?? new NodeDisk();
    this.parse = options.parse ?? ((text) => JSON.parse(text) as T);
    this.stringify = options.stringify ?? ((value) => JSON.stringify(value));
    this.log = options.log ?? (() => undefined);
  }

  /** Throws ConfigFileBrokenError when there are files but none can be read. */
  read(): ConfigFileContent<T> {
    const main = this.readOne(this.path);
    const backup = this.readOne(this.backupPath);
    this.isBroken = main.problem !== undefined;
    this.isBackupBroken = backup.problem !== undefined;
    if (main.value !== undefined) {
      if (backup.problem !== undefined)
        this.log('warn', `${this.backupPath} is broken (${backup.problem}). It was not needed.`);
      return { value: main.value, source: 'main', hasChecksum: main.hasChecksum };
    }
    if (backup.value !== undefined) {
      const problem = main.problem ?? 'the file is missing';
      this.log('warn', `${this.path} could not be read (${problem}); its backup is used.`);
      return { value: backup.value, source: 'backup', problem, hasChecksum: backup.hasChecksum };
    }
    if (main.problem === undefined && backup.problem === undefined) {
      return { value: undefined, source: 'none', hasChecksum: false };
    }
    throw new ConfigFileBrokenError(this.path, main.problem, backup.problem);
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
    const { disk, path, backupPath } = this;
    const bytes = withChecksum(text);
    disk.makeDirectory(dirname(path));
    if (this.isBackupBroken) disk.rename(backupPath, `${backupPath}.broken`);
    this.isBackupBroken = false;
    if (disk.exists(path) && !this.isBroken) {
      await this.writeTo(path, bytes, backupPath);
    } else {
      // One flipped bit would be the end of a table with one good copy, and a backup that was needed may be old.
      await this.writeTo(path, bytes, disk.exists(path) ? `${path}.broken` : undefined);
      await this.writeTo(backupPath, bytes);
    }
    this.isBroken = false;
    disk.syncDirectory(dirname(path));
  }

  /** Writes the file aside and renames it to `path`; what was there is renamed to `forerunner`. */
  private async writeTo(path: string, bytes: Buffer, forerunner?: string): Promise<void> {
    const { disk } = this;
    const temporary = `${this.path}.tmp`;
    disk.unlink(temporary);
    const file = disk.open(temporary, true);
    try {
      const written = file.write(bytes, 0, bytes.length, 0);
      if (written < bytes.length) throw Object.assign(new Error(`short write to ${temporary}`), { code: 'ENOSPC' });
      await file.sync();
    } finally {
      file.close();
    }
    if (forerunner !== undefined) disk.rename(path, forerunner);
    disk.rename(temporary, path);
  }

  private get backupPath(): string {
    return `${this.path}.bak`;
  }

  private readOne(path: string): Copy<T> {
    try {
      const bytes = this.disk.readFile(path);
      if (!bytes) return { hasChecksum: false };
      if (bytes.length === 0) return { problem: 'it is empty', hasChecksum: false };
      const { text, hasChecksum } = checkedText(bytes);
      return { value: this.parse(text), hasChecksum };
    } catch (error) {
      if (PASSING_ERRORS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      return { problem: error instanceof Error ? error.message : String(error), hasChecksum: false };
    }
  }
}
