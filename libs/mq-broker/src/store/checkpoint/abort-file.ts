import { join } from 'node:path';
import type { Disk } from '../disk.js';

/**
 * The `abort` file of a store, as RocketMQ has it: it exists while a process uses the store. A start that finds the file
 * knows that the last process did not end well.
 */
export class AbortFile {
  private readonly path: string;

  constructor(
    private readonly disk: Disk,
    private readonly directory: string,
  ) {
    this.path = join(directory, 'abort');
  }

  get exists(): boolean {
    return this.disk.exists(this.path);
  }

  create(): void {
    this.disk.open(this.path, true).close();
  }

  /** Durable when it returns. */
  remove(): void {
    this.disk.unlink(this.path);
    this.disk.syncDirectory(this.directory);
  }
}
