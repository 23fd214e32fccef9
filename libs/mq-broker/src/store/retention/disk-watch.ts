import { isOutOfFiles } from '../disk.js';
import type { ResolvedStoreOptions } from '../store.options.js';
import type { StoreParts } from '../store-parts.js';

/**
 * Watches whether the disk has room to append. The disk is full when its used share is above the warning level, or when a
 * write met ENOSPC. Both states end when a later measurement finds space.
 */
export class DiskWatch {
  usedRatio = 0;
  isFull = false;
  private hitEnd = false;
  private readonly timer: NodeJS.Timeout;
  private running: Promise<void> | undefined;

  constructor(
    private readonly parts: Pick<StoreParts, 'disk' | 'directory' | 'recordBytesMax'>,
    private readonly options: Pick<
      ResolvedStoreOptions,
      'diskSpaceWarningLevelRatio' | 'diskCheckIntervalMs' | 'slabBytesMax' | 'log'
    >,
    private readonly onMeasured: () => void,
  ) {
    this.timer = setInterval(() => void this.measure(), options.diskCheckIntervalMs);
    this.timer.unref();
  }

  /** A write found no space, or no file could be opened for it. */
  noSpace(error: unknown): void {
    const what = isOutOfFiles(error) ? 'The process may open no more files' : 'The disk is full';
    if (!this.hitEnd) this.options.log('error', `${what}; messages are refused.`, { error: String(error) });
    this.hitEnd = true;
    this.isFull = true;
  }

  measure(): Promise<void> {
    this.running ??= this.measureNow().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  private async measureNow(): Promise<void> {
    try {
      const { used, available } = await this.parts.disk.space(this.parts.directory);
      this.usedRatio = used + available > 0 ? used / (used + available) : 0;
      // After a real ENOSPC, a whole slab and the longest record have to fit before anything is written again.
      if (available >= this.options.slabBytesMax + this.parts.recordBytesMax) this.hitEnd = false;
      const wasFull = this.isFull;
      this.isFull = this.hitEnd || this.usedRatio >= this.options.diskSpaceWarningLevelRatio;
      if (wasFull && !this.isFull) this.options.log('info', 'There is space on the disk again; messages are taken.');
      if (!wasFull && this.isFull) {
        this.options.log('error', 'The disk is above the warning level; messages are refused.', {
          usedRatio: this.usedRatio,
        });
      }
    } catch (error) {
      this.options.log('warn', 'The disk could not be measured.', { error: String(error) });
    }
    this.onMeasured();
  }
}
