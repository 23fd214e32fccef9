import { FrameError } from '../errors.js';
import { FRAME_BYTES_MAX, FRAME_LENGTH_BYTES, FRAME_PREFIX_BYTES } from './frame-layout.js';
import { checkedHeaderBytes, FrameView } from './frame-view.js';

/** First size of the buffer for a torn frame. It doubles as data arrives, so that a wrong length costs no memory. */
const TORN_BYTES_AT_START = 4096;
/** A larger buffer is released after its frame, because each of thousands of connections may keep one. */
const TORN_BYTES_KEPT_MAX = TORN_BYTES_AT_START;
const EMPTY = Buffer.alloc(0);

export interface FrameReaderOptions {
  /** @default 16 MiB */
  frameBytesMax?: number;
  /** All readers of a thread may share one view, because reads never nest. */
  view?: FrameView;
}

/**
 * Cuts a stream of chunks into frames. A frame that is whole in its chunk is shown in place. Only a frame that the end of a chunk
 * cuts is copied to a buffer. The chunk may be used again as soon as `push` returns.
 *
 * @param onFrame is called once per frame; returning false stops the reader for good (the connection was closed)
 */
export class FrameReader {
  private readonly frameBytesMax: number;
  private readonly view: FrameView;
  private torn: Buffer = EMPTY;
  private tornBytes = 0;
  private tornFrameBytes = 0;
  private stopped = false;

  constructor(
    private readonly onFrame: (view: FrameView) => boolean,
    options: FrameReaderOptions = {},
  ) {
    this.frameBytesMax = options.frameBytesMax ?? FRAME_BYTES_MAX;
    this.view = options.view ?? new FrameView();
  }

  /** Bytes of a frame whose rest has not arrived. */
  get partialBytes(): number {
    return this.tornBytes;
  }

  /** Length of that frame; 0 while its first four bytes have not arrived. */
  get partialFrameBytes(): number {
    return this.tornBytes === 0 ? 0 : this.tornFrameBytes;
  }

  /** Bytes of the buffer that holds it. */
  get heldBytes(): number {
    return this.torn.length;
  }

  /** Takes the next bytes of the stream. Throws FrameError when they are no frames; the reader must not be used afterwards. */
  push(chunk: Buffer, start = 0, end: number = chunk.length): void {
    let position = this.tornBytes > 0 ? this.completeTorn(chunk, start, end) : start;
    while (!this.stopped && end - position >= FRAME_LENGTH_BYTES) {
      const total = this.totalBytes(chunk, position, end);
      if (total > end - position) break;
      this.show(chunk, position, position + total);
      position += total;
    }
    if (!this.stopped && position < end) this.beginTorn(chunk, position, end);
  }

  private beginTorn(chunk: Buffer, start: number, end: number): void {
    this.tornFrameBytes = end - start < FRAME_LENGTH_BYTES ? 0 : this.totalBytes(chunk, start, end);
    this.keep(chunk, start, end);
  }

  /** Adds the missing bytes to the torn frame and shows the frame when it is whole. Returns the first unused position of the chunk. */
  private completeTorn(chunk: Buffer, start: number, end: number): number {
    let position = start;
    while (this.tornBytes < FRAME_PREFIX_BYTES && position < end) {
      this.keep(chunk, position, position + 1);
      position += 1;
    }
    if (this.tornBytes < FRAME_LENGTH_BYTES) return position;
    const total = this.totalBytes(this.torn, 0, this.tornBytes);
    this.tornFrameBytes = total;
    const next = Math.min(end, position + total - this.tornBytes);
    this.keep(chunk, position, next);
    if (this.tornBytes < total) return next;
    this.tornBytes = 0;
    this.show(this.torn, 0, total);
    if (this.torn.length > TORN_BYTES_KEPT_MAX) this.torn = EMPTY;
    return next;
  }

  private keep(chunk: Buffer, start: number, end: number): void {
    const bytes = this.tornBytes + end - start;
    if (bytes > this.torn.length) {
      const doubled = Math.max(TORN_BYTES_AT_START, this.torn.length * 2);
      // Never more than the frame needs: a frame just over a power of two would take twice its length.
      const limit = this.tornFrameBytes === 0 ? doubled : Math.max(TORN_BYTES_AT_START, this.tornFrameBytes);
      const grown = Buffer.allocUnsafeSlow(Math.max(bytes, Math.min(doubled, limit)));
      this.torn.copy(grown, 0, 0, this.tornBytes);
      this.torn = grown;
    }
    chunk.copy(this.torn, this.tornBytes, start, end);
    this.tornBytes = bytes;
  }

  /** Bytes of the frame at `start`. The part of its prefix that has arrived is checked before memory is allocated for the frame. */
  private totalBytes(buffer: Buffer, start: number, end: number): number {
    const length = buffer.readInt32BE(start);
    if (length < 4) throw new FrameError(`a frame has the length ${length}`);
    if (length > this.frameBytesMax) throw new FrameError(`a frame has ${length} bytes`, 'FRAME_TOO_LARGE');
    if (end - start >= FRAME_PREFIX_BYTES) checkedHeaderBytes(buffer.readUInt32BE(start + 4), length);
    return FRAME_LENGTH_BYTES + length;
  }

  private show(buffer: Buffer, start: number, end: number): void {
    this.view.reset(buffer, start, end);
    if (!this.onFrame(this.view)) this.stopped = true;
  }
}
