import { viewOf } from '../record/record-layout.js';

/** Tests fill released memory with this byte, so that a late reader fails its checksum and does not see another message. */
const POISON = 0xdd;
/** The tail has this number of chunks. The oldest chunk is used again. */
const TAIL_CHUNKS = 8;

/** A buffer that has a contiguous piece of the log. */
export class TailChunk {
  readonly view: DataView;
  /** Physical offset of byte 0. */
  base = 0;
  used = 0;

  constructor(readonly buffer: Buffer) {
    this.view = viewOf(buffer);
  }
}

/**
 * The newest part of the log, in RAM. Messages are written here first. The slab of a tick is the part of the newest chunk that is
 * not in the file yet. While one part is synced, the next messages follow it in the same chunk, so that no append waits for a
 * buffer. Readers copy their records, because a chunk is used again when the log has moved on.
 */
export class LogTail {
  private readonly chunks: TailChunk[] = [];
  private readonly chunkBytes: number;
  private readonly chunksMax: number;
  current: TailChunk;

  constructor(
    tailBytesMax: number,
    recordBytesMax: number,
    base: number,
    private readonly poison: boolean,
  ) {
    this.chunkBytes = Math.max(Math.ceil(tailBytesMax / TAIL_CHUNKS), recordBytesMax);
    this.chunksMax = Math.max(2, Math.floor(tailBytesMax / this.chunkBytes));
    this.current = this.begin(base);
  }

  /** Start of the part in RAM. Everything before it is in the files. */
  get minOffset(): number {
    return (this.chunks[0] ?? this.current).base;
  }

  /** End of the log: position after the newest byte in RAM. */
  get endOffset(): number {
    return this.current.base + this.current.used;
  }

  room(): number {
    return this.current.buffer.length - this.current.used;
  }

  /** Starts a chunk at `base`. When there are enough chunks, it uses the oldest one again. */
  begin(base: number): TailChunk {
    const chunk =
      this.chunks.length < this.chunksMax
        ? new TailChunk(Buffer.allocUnsafeSlow(this.chunkBytes))
        : (this.chunks.shift() as TailChunk);
    if (this.poison) chunk.buffer.fill(POISON);
    chunk.base = base;
    chunk.used = 0;
    this.chunks.push(chunk);
    this.current = chunk;
    return chunk;
  }

  /** The chunk that has `bytes` from `physicalOffset` on. Undefined when they are not all in RAM. */
  find(physicalOffset: number, bytes: number): TailChunk | undefined {
    for (let index = this.chunks.length - 1; index >= 0; index--) {
      const chunk = this.chunks[index] as TailChunk;
      if (physicalOffset >= chunk.base) {
        return physicalOffset + bytes <= chunk.base + chunk.used ? chunk : undefined;
      }
    }
    return undefined;
  }
}
