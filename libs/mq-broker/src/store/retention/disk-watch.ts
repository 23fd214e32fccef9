import type { Disk } from '../disk.js';
import type { Logger } from '../../logger.js';

export interface DiskWatchOptions {
  directory: string;
  warningRatio: number;
  intervalMs: number;
  /** After a real "no space" this much has to be free before anything is written again. */
  resumeBytes: number;
  log: Logger;
}

/**
 * Whether there is room to append. Two ways to be full: the share in use is above the warning level, or a write has met
 * ENOSPC. Both end by themselves when a later look finds space.
 */
export class DiskWatch {
  usedRatio = 0;
  isFull = false;
  private hitEnd = false;
  private readonly timer: NodeJS.Timeout;
  private running: Promise<void> | undefined;

  constructor(
    private readonly disk: Disk,
    private readonly options: DiskWatchOptions,
    private readonly onLooked: () => void,
  ) {
    this.timer = setInterval(() => void this.look(), options.intervalMs);
    this.timer.unref();
  }

  /** A write found no space. */
  noSpace(error: unknown): void {
    if (!this.hitEnd) this.options.log('error', 'The disk is full; messages are refused.', { error: String(error) });
    this.hitEnd = true;
    this.isFull = true;
  }

  look(): Promise<void> {
    this.running ??= this.measure().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  private async measure(): Promise<void> {
    try {
      const { used, available } = await this.disk.space(this.options.directory);
      this.usedRatio = used + available > 0 ? used / (used + available) : 0;
      if (available >= this.options.resumeBytes) this.hitEnd = false;
      const wasFull = this.isFull;
      this.isFull = this.hitEnd || this.usedRatio >= this.options.warningRatio;
      if (wasFull && !this.isFull) this.options.log('info', 'There is space on the disk again; messages are taken.');
      if (!wasFull && this.isFull) {
        this.options.log('error', 'The disk is above the warning level; messages are refused.', {
          usedRatio: this.usedRatio,
        });
      }
    } catch (error) {
      this.options.log('warn', 'The disk could not be measured.', { error: String(error) });
    }
    this.onLooked();
  }
}
