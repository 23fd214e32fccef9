import { MessageStore } from '../message-store.js';
import type { MessageStoreOptions } from '../store.options.js';
import { FaultyDisk } from './faulty-disk.js';

export const LOG_FILE = '/store/commitlog/00000000000000000000';

/** A store on a disk in memory, to be killed and opened again. Small files, so that everything rolls. */
export class StoreBox {
  readonly disk: FaultyDisk;
  readonly events: string[] = [];
  private last: MessageStore | undefined;

  constructor(
    private readonly options: MessageStoreOptions = {},
    random?: () => number,
  ) {
    this.disk = new FaultyDisk(random);
  }

  async open(options: MessageStoreOptions = {}): Promise<MessageStore> {
    this.last = await MessageStore.open({
      dir: '/store',
      disk: this.disk.mount(),
      mappedFileSizeCommitLog: 64 * 1024,
      mappedFileUnitsConsumeQueue: 4096,
      maxMessageSize: 16 * 1024,
      zeroFillAheadBytes: 0,
      poisonReleasedSlabs: true,
      tailBytesMax: 128 * 1024,
      log: (level, message) => this.events.push(`${level}: ${message}`),
      ...this.options,
      ...options,
    });
    return this.last;
  }

  /** kill -9: what reached the kernel stays. */
  kill(): void {
    this.disk.kill();
    this.bury();
  }

  /** Power cut: what was not synced goes. */
  cutPower(): void {
    this.disk.cutPower();
    this.bury();
  }

  /** Ends the dead store's timers; its disk is gone, so nothing else comes of it. */
  private bury(): void {
    this.last?.close().catch(() => undefined);
    this.last = undefined;
    this.dropLock();
  }

  /** The lock names this very process, which in these tests lives on. */
  dropLock(): void {
    this.disk.unlink('/store/lock');
  }
}
