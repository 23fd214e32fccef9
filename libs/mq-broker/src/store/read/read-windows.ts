import type { LogFiles } from '../commit-log/log-files.js';
import { viewOf } from '../record/record-layout.js';

/** Size of a block of a file. Blocks follow each other from the file's start. */
const BLOCK_BYTES = 256 * 1024;
/**
 * The most blocks that are kept, 8 MiB; they are made when they are needed. The consumers of a topic's queues read the same part of
 * the log at different offsets. Measured with eight queues at full speed: four blocks read each byte 6.5 times, 32 blocks 3 times.
 * 128 blocks, with or without read-ahead, read each byte 1.3 times and are a third slower: they do not fit into the CPU's caches.
 */
const BLOCKS_MAX = 32;
/** Shorter runs of records are read without a block: a whole block costs more than another system call. */
const RUN_BYTES_MAX = 32 * 1024;

/** A piece of a file that was read. It has only bytes that were written before, so it never becomes outdated. */
export class ReadWindow {
  buffer: Buffer = Buffer.allocUnsafeSlow(0);
  view: DataView = viewOf(this.buffer);
  base = 0;
  bytes = 0;
  lastUse = 0;

  holds(physicalOffset: number, size: number): boolean {
    return physicalOffset >= this.base && physicalOffset + size <= this.base + this.bytes;
  }

  load(files: LogFiles, physicalOffset: number, bytes: number): this {
    if (bytes > this.buffer.length) {
      this.buffer = Buffer.allocUnsafeSlow(Math.max(bytes, BLOCK_BYTES));
      this.view = viewOf(this.buffer);
    }
    this.base = physicalOffset;
    this.bytes = files.read(this.buffer, 0, bytes, physicalOffset);
    return this;
  }
}

/**
 * Pieces of the log's files that were read recently. Long runs are read in blocks, which other readers of that part use again.
 * Short runs, and records that lie in two blocks, are read without a block.
 */
export class ReadWindows {
  private readonly blocks: ReadWindow[] = [];
  private readonly single = new ReadWindow();
  private last: ReadWindow = this.single;
  private uses = 0;

  /** @param writtenEnd bytes before it are in the files and never change */
  constructor(
    private readonly files: LogFiles,
    private readonly writtenEnd: () => number,
  ) {}

  /**
   * The window that holds a record. It has fewer bytes than `size` when the log ends early. The run goes from the start of the
   * first wanted record to the end of the last one.
   */
  windowFor(physicalOffset: number, size: number, runStart: number, runEnd: number): ReadWindow {
    if (this.last.holds(physicalOffset, size)) return this.last;
    this.last = this.find(physicalOffset, size) ?? this.load(physicalOffset, size, runStart, runEnd);
    this.last.lastUse = ++this.uses;
    return this.last;
  }

  /** Empties the windows: their files may be deleted. */
  forget(): void {
    this.single.bytes = 0;
    for (const block of this.blocks) block.bytes = 0;
  }

  private find(physicalOffset: number, size: number): ReadWindow | undefined {
    return this.blocks.find((block) => block.holds(physicalOffset, size));
  }

  private load(physicalOffset: number, size: number, runStart: number, runEnd: number): ReadWindow {
    const fileBase = this.files.baseOf(physicalOffset);
    const base = physicalOffset - ((physicalOffset - fileBase) % BLOCK_BYTES);
    const end = Math.min(base + BLOCK_BYTES, this.writtenEnd());
    const isLong = runEnd - runStart > RUN_BYTES_MAX;
    if (isLong && physicalOffset + size <= end) return this.blockToFill(base).load(this.files, base, end - base);
    return this.single.load(this.files, physicalOffset, isLong ? size : Math.max(size, runEnd - physicalOffset));
  }

  /** The same block, which was read when fewer bytes were written; else a new block; else the least recently used block. */
  private blockToFill(base: number): ReadWindow {
    const same = this.blocks.find((block) => block.base === base);
    if (same) return same;
    if (this.blocks.length < BLOCKS_MAX) {
      const block = new ReadWindow();
      this.blocks.push(block);
      return block;
    }
    return this.blocks.reduce((oldest, block) => (block.lastUse < oldest.lastUse ? block : oldest));
  }
}
