import { MessageStore } from '../message-store.js';
import type { MessageStoreOptions } from '../store.options.js';
import { FaultyDisk } from './faulty-disk.js';

export const LOG_FILE = '/store/commitlog/00000000000000000000';

/** A store on a disk in memory that tests kill and open again. Its files are small, so that the log rolls often. */
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

  /** kill -9: bytes that reached the kernel stay. */
  kill(): void {
    this.disk.kill();
    this.discard();
  }

  /** Power cut: bytes that were not synced are lost. */
  cutPower(): void {
    this.disk.cutPower();
    this.discard();
  }

  /** The consume queues are gone, so that the next start builds them again from the log. */
  loseQueues(): void {
    for (const topic of this.disk.list('/store/consumequeue')) {
      for (const queueId of this.disk.list(`/store/consumequeue/${topic}`)) {
        const folder = `/store/consumequeue/${topic}/${queueId}`;
        for (const file of this.disk.list(folder)) this.disk.unlink(`${folder}/${file}`);
      }
    }
  }

  /** Ends the timers of the killed store. Its disk has no effect any more. */
  private discard(): void {
    this.last?.close().catch(() => undefined);
    this.last = undefined;
    this.dropLock();
  }

  /** The lock names the test's own process, which goes on. */
  dropLock(): void {
    this.disk.unlink('/store/lock');
  }
}
