/*
 * frame    = length "#" body        length: bytes of the body, one to five decimal digits
 * body     = [mac] json             the mac only in a signed session, see session-keys.ts
 * json     = message / "[" message *( "," message ) "]"
 */

/** The largest call of the contracts, an order with 20 lines, has 2 KiB, and so has its answer. */
export const FRAME_BYTES_MAX = 64 * 1024;
/** A peer sends a frame in one write. One that needs longer is stuck or hostile, whatever its pace. */
const FRAME_TIME_MS = 5_000;
/** Bytes of unfinished frames on all connections of this process. A frame of our own is rarely unfinished. */
const PARTIAL_BYTES_MAX = 8 * 1024 * 1024;

const HASH = '#'.charCodeAt(0);
const ZERO = '0'.charCodeAt(0);

/** Thrown when a peer breaks the protocol. Its connection is closed, since what follows cannot be understood. */
export class BrokenProtocolError extends Error {
  override readonly name = 'BrokenProtocolError';

  constructor(readonly code: string) {
    super(`the peer broke the protocol: ${code}`);
  }
}

/** The memory that unfinished frames may take together. Who began first gives way, as it had the most time. */
export class PartialFrames {
  private held = 0;
  private readonly readers = new Map<FrameReader, number>();

  constructor(private readonly bytesMax = PARTIAL_BYTES_MAX) {}

  get bytes(): number {
    return this.held;
  }

  hold(reader: FrameReader, bytes: number): void {
    this.readers.set(reader, bytes);
    this.held += bytes;
    for (const [oldest] of this.readers) {
      if (this.held <= this.bytesMax || oldest === reader) return;
      oldest.giveUp('PARTIAL_FRAMES_FULL');
    }
  }

  release(reader: FrameReader): void {
    this.held -= this.readers.get(reader) ?? 0;
    this.readers.delete(reader);
  }
}

export const partialFrames = new PartialFrames();

export interface FrameReaderOptions {
  readonly onFrame: (body: Buffer) => void;
  readonly onBroken: (error: BrokenProtocolError) => void;
  readonly partials?: PartialFrames;
}

/** Cuts the bytes of one connection into frames. Nothing is allocated for a frame that is longer than the limit. */
export class FrameReader {
  /** Lower for a peer that has not proved who it is. */
  bytesMax = FRAME_BYTES_MAX;
  private length = 0;
  private digits = 0;
  private isHeaderRead = false;
  private partial: Buffer | undefined;
  private filled = 0;
  private limit: NodeJS.Timeout | undefined;
  private isClosed = false;
  private readonly partials: PartialFrames;

  constructor(private readonly options: FrameReaderOptions) {
    this.partials = options.partials ?? partialFrames;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.isClosed) {
      if (this.isHeaderRead) at = this.readBody(chunk, at);
      else at = this.readHeader(chunk, at);
    }
    if (this.isClosed) return;
    const isBetweenFrames = this.digits === 0;
    if (isBetweenFrames) return;
    // Not refreshed by more bytes of the same frame, so that no pace is slow enough to hold a frame for long.
    this.limit ??= setTimeout(() => this.giveUp('FRAME_LATE'), FRAME_TIME_MS).unref();
  }

  close(): void {
    this.isClosed = true;
    this.finishFrame();
  }

  giveUp(code: string): void {
    if (this.isClosed) return;
    this.close();
    this.options.onBroken(new BrokenProtocolError(code));
  }

  private readHeader(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (byte === HASH && this.digits > 0) {
        this.isHeaderRead = true;
        if (this.length === 0) this.giveUp('FRAME_EMPTY');
        return at + 1;
      }
      const digit = byte - ZERO;
      this.digits++;
      this.length = this.length * 10 + digit;
      if (digit < 0 || digit > 9) this.giveUp('FRAME_MALFORMED');
      else if (this.length > this.bytesMax || this.digits > 5) this.giveUp('FRAME_TOO_LONG');
      if (this.isClosed) return chunk.length;
    }
    return chunk.length;
  }

  private readBody(chunk: Buffer, at: number): number {
    const { length } = this;
    if (!this.partial && chunk.length - at >= length) {
      this.finishFrame();
      this.options.onFrame(chunk.subarray(at, at + length));
      return at + length;
    }
    if (!this.partial) {
      this.partials.hold(this, length);
      this.partial = Buffer.allocUnsafeSlow(length);
    }
    const copied = chunk.copy(this.partial, this.filled, at);
    this.filled += copied;
    if (this.filled === length) {
      const body = this.partial;
      this.finishFrame();
      this.options.onFrame(body);
    }
    return at + copied;
  }

  private finishFrame(): void {
    if (this.partial) this.partials.release(this);
    if (this.limit) clearTimeout(this.limit);
    this.limit = undefined;
    this.partial = undefined;
    this.filled = 0;
    this.length = 0;
    this.digits = 0;
    this.isHeaderRead = false;
  }
}
