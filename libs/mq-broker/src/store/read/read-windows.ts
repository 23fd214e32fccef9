import type { LogFiles } from '../commit-log/log-files.js';
import { viewOf } from '../record/record-layout.js';

/** A block of a file; blocks lie one behind the other from the file's begin. */
const BLOCK_BYTES = 256 * 1024;
/**
 * Blocks kept, made as they are needed: 8 MiB. The consumers of a topic's queues read the same stretch of the log, at places
 * that drift apart. Measured with eight queues read at full speed: four windows read each byte 6.5 times, these 3 times.
 * 128 blocks, with or without reading ahead, read it 1.3 times and are a third slower: they lie outside of the CPU's caches.
 */
const BLOCKS_MAX = 32;
/** Runs of records up to here are read as they are: a whole block costs more than another system call. */
const RUN_BYTES_MAX = 32 * 1024;

/** A piece of a file as it was read: only bytes that were written before, so it never gets out of date. */
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
 * Pieces of the log's files that were read lately. Long runs are read by blocks, which other readers of that stretch
 * find again; short ones, and records that lie across two blocks, are read as they are.
 */
export class ReadWindows {
  private readonly blocks: ReadWindow[] = [];
  private readonly single = new ReadWindow();
  private last: ReadWindow = this.single;
  private uses = 0;

  /** @param writtenEnd up to where the files hold what they always will */
  constructor(
    private readonly files: LogFiles,
    private readonly writtenEnd: () => number,
  ) {}

  /**
   * The window that holds a record; with fewer bytes than `size` where the log ends early. The run is the stretch from the
   * first to the last of the records wanted together.
   */
  windowFor(physicalOffset: number, size: number, runStart: number, runEnd: number): ReadWindow {
    if (this.last.holds(physicalOffset, size)) return this.last;
    this.last = this.find(physicalOffset, size) ?? this.load(physicalOffset, size, runStart, runEnd);
    this.last.lastUse = ++this.uses;
    return this.last;
  }

  /** Forgets what was read: the files may be gone. */
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

  /** The block that is there already but was read when less was written, else a new one, else the one unused for longest. */
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
