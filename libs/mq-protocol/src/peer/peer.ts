import { FrameError, PeerError } from '../errors.js';
import { encodeFrame } from '../frame/encode-frame.js';
import { FrameReader } from '../frame/frame-reader.js';
import { FrameView } from '../frame/frame-view.js';
import { FLAG_ONEWAY, FLAG_RESPONSE } from '../frame/frame-layout.js';
import type { RemotingCommand } from '../frame/remoting-command.js';
import { plainHost } from '../message/host.js';
import { monotonicMs, unwatch, watch } from './peer-clock.js';
import type { AnswerHandler, PeerHandlers } from './peer-handlers.js';
import type { PeerLimits } from './peer-limits.js';
import type { PeerSocket } from './peer-socket.js';
import { PendingRequests } from './pending-requests.js';
import { PromiseAnswer } from './promise-answer.js';
import { failureResponse, RequestRunner } from './request-runner.js';
import { giveSlab } from './slab-pool.js';
import { WriteQueue } from './write-queue.js';

/** A frame that is late is still waited for while it comes at this pace. */
const FRAME_BYTES_PER_MS_MIN = 16;
/** After our end of the stream the other side has so long to send its own. */
const CLOSE_GRACE_MS = 1000;
const OPAQUE_MAX = 0x7fffffff;
/** One view for all peers: reads never nest, and nothing of a frame outlives its hand-over. */
const view = new FrameView();
let lastId = 0;

/**
 * One connection, both directions: it sends requests and oneways, matches answers, hands over the other side's requests
 * and sends their answers. A client, a broker and a name server use the same.
 *
 * open -> closed, by `close`, by either end's socket, or by a limit. Closing fails all pending requests at once.
 */
export class Peer {
  readonly id: number = (lastId += 1);
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly localHost: string;
  readonly localPort: number;
  private isClosed = false;
  private readonly pending = new PendingRequests();
  private readonly reader: FrameReader;
  private readonly runner: RequestRunner;
  private readonly queue: WriteQueue;
  private lastOpaque = 0;
  private flushScheduled = false;
  private isReading = false;
  private isPaused = false;
  private isActive = true;
  private idleSince: number = monotonicMs();
  private framesRead = 0;
  private framesReadAtScan = 0;
  private partialSince: number = monotonicMs();

  constructor(
    private readonly socket: PeerSocket,
    private readonly handlers: PeerHandlers,
    readonly limits: PeerLimits,
  ) {
    this.remoteHost = plainHost(socket.remoteAddress ?? '');
    this.remotePort = socket.remotePort ?? 0;
    this.localHost = plainHost(socket.localAddress ?? '');
    this.localPort = socket.localPort ?? 0;
    this.reader = new FrameReader(this.onFrame, { frameBytesMax: limits.frameBytesMax, view });
    this.runner = new RequestRunner(this, handlers, limits.requestsInFlightMax);
    this.queue = new WriteQueue(socket, this.onWritten);
    watch(this);
  }

  get closed(): boolean {
    return this.isClosed;
  }

  /** `host:port` of the other side. */
  get address(): string {
    return `${this.remoteHost}:${this.remotePort}`;
  }

  /** Bytes that were written here and that the kernel does not have yet. */
  get writableBytes(): number {
    return this.queue.bytes + this.socket.writableLength;
  }

  /** Requests of ours that wait for an answer. */
  get pendingRequests(): number {
    return this.pending.size;
  }

  /**
   * Sends a request and waits for its answer, whatever its code. The command's own opaque is not used.
   * Rejects with PeerError (CONNECTION_CLOSED, REQUEST_TIMEOUT, TOO_MANY_REQUESTS) or FrameError (too large).
   */
  request(command: RemotingCommand, timeoutMs: number): Promise<RemotingCommand> {
    return new Promise((resolve, reject) => {
      this.requestWith(command, timeoutMs, new PromiseAnswer(resolve, reject));
    });
  }

  /** As `request`, with a handler instead of a promise. Failures come through the handler too. */
  requestWith(command: RemotingCommand, timeoutMs: number, handler: AnswerHandler): void {
    if (this.isClosed) {
      handler.onFailure(this.error('CONNECTION_CLOSED', 'the connection is closed'), this);
      return;
    }
    if (this.pending.size >= this.limits.pendingRequestsMax) {
      handler.onFailure(this.error('TOO_MANY_REQUESTS', 'too many requests wait for an answer'), this);
      return;
    }
    const opaque = this.nextOpaque();
    try {
      this.write(this.encode(command, opaque));
    } catch (error) {
      handler.onFailure(asError(error), this);
      return;
    }
    this.pending.add(opaque, handler, monotonicMs() + timeoutMs);
  }

  /** Sends a request nobody answers. Dropped when the connection is closed. Throws FrameError when it is too large. */
  oneway(command: RemotingCommand): void {
    const { flag } = command;
    this.write(this.encode({ ...command, flag: (flag | FLAG_ONEWAY) & ~FLAG_RESPONSE }, this.nextOpaque()));
  }

  /** Sends an answer; its opaque must be the request's, as `createResponse` sets it. Dropped when closed. */
  reply(command: RemotingCommand): void {
    this.write(encodeFrame(command));
  }

  /** Sends encoded frames, with everything else of this tick in one write. Bytes over 16 KiB must not change after. */
  write(bytes: Buffer): void {
    if (this.isClosed) return;
    this.queue.add(bytes);
    this.scheduleFlush();
  }

  /** As `write`, but the source may be overwritten at once. */
  writeCopy(source: Buffer, start = 0, end: number = source.length): void {
    if (this.isClosed) return;
    this.queue.copy(source, start, end);
    this.scheduleFlush();
  }

  /**
   * As `write` with the first `bytes` of a slab (`takeSlab`). The slab is the peer's from here on, which gives it back to the
   * pool.
   */
  writeSlab(slab: Buffer, bytes: number): void {
    if (this.isClosed) return giveSlab(slab);
    this.queue.addSlab(slab, bytes);
    this.scheduleFlush();
  }

  /**
   * Room for an answer of at most `bytes` (64 KiB) right in the outgoing slab: write it into `writeBuffer` from the
   * returned offset on, then `commit` its end. Nothing else may be written in between. The cheapest way to answer.
   */
  reserve(bytes: number): number {
    return this.queue.reserve(bytes);
  }

  get writeBuffer(): Buffer {
    return this.queue.slab;
  }

  commit(end: number): void {
    if (this.isClosed) return;
    this.queue.commit(end);
    this.scheduleFlush();
  }

  /** Closes the connection. Without an error what was written is still sent; with one it is dropped. */
  close(error?: Error): void {
    if (this.isClosed) return;
    if (error === undefined) {
      this.queue.flush();
      this.socket.end();
      setTimeout(() => this.socket.destroy(), CLOSE_GRACE_MS).unref();
    }
    this.finish(error);
    if (error !== undefined) this.socket.destroy();
  }

  /** For the socket: bytes arrived in `chunk[0, length)`. Returns false when reading should stop for now. */
  receive(chunk: Buffer, length: number): boolean {
    // What still arrives after a close is read and dropped, so that the other side's end is seen.
    if (this.isClosed) return true;
    this.isActive = true;
    this.isReading = true;
    try {
      this.reader.push(chunk, 0, length);
    } catch (error) {
      this.close(asError(error));
      return true;
    } finally {
      this.isReading = false;
    }
    this.handlers.onReadBatchEnd?.();
    if (this.flushScheduled) this.flush();
    return !this.isPaused;
  }

  /** For the socket: it is closed, by whoever. */
  socketClosed(error?: Error): void {
    if (!this.isClosed) this.finish(error);
  }

  /** For the clock: looks after everything that has a time limit. */
  scan(now: number): void {
    for (const handler of this.pending.takeExpired(now)) {
      handler.onFailure(this.error('REQUEST_TIMEOUT', 'no answer in time'), this);
    }
    if (this.isActive) {
      this.isActive = false;
      this.idleSince = now;
    } else if (now - this.idleSince >= this.limits.idleTimeoutMs) {
      this.close(this.error('IDLE_TIMEOUT', 'the connection is idle'));
      return;
    }
    this.scanPartialFrame(now);
  }

  private scanPartialFrame(now: number): void {
    const { partialBytes } = this.reader;
    if (partialBytes === 0 || this.framesRead !== this.framesReadAtScan || this.isPaused) {
      this.framesReadAtScan = this.framesRead;
      this.partialSince = now;
      return;
    }
    const age = now - this.partialSince;
    if (age >= this.limits.frameTimeoutMs && partialBytes < age * FRAME_BYTES_PER_MS_MIN) {
      this.close(this.error('IDLE_TIMEOUT', 'a frame was begun and not ended'));
    }
  }

  private readonly onFrame = (frame: FrameView): boolean => {
    this.framesRead += 1;
    if (frame.isResponse) {
      // An answer nobody waits for came too late: it is dropped.
      this.pending.take(frame.opaque)?.onAnswer(frame, this);
      return !this.isClosed;
    }
    try {
      if (this.handlers.onFrame?.(frame, this) !== true) this.runner.run(frame.toCommand());
    } catch (error) {
      if (!frame.isOneway) this.reply(failureResponse(frame.toCommand(), error));
    }
    return !this.isClosed;
  };

  private readonly onWritten = (): void => {
    this.isActive = true;
    if (this.isClosed) return;
    if (this.socket.writableLength === 0) this.queue.flush();
    if (this.isPaused && this.writableBytes <= this.limits.writableBytesMax / 2) {
      this.isPaused = false;
      this.socket.resume();
    }
  };

  private encode(command: RemotingCommand, opaque: number): Buffer {
    const frame = encodeFrame(command, opaque);
    if (frame.length - 4 > this.limits.frameBytesMax) {
      throw new FrameError(`a request of ${frame.length} bytes is over the limit`, 'FRAME_TOO_LARGE');
    }
    return frame;
  }

  private nextOpaque(): number {
    do {
      this.lastOpaque = this.lastOpaque === OPAQUE_MAX ? 1 : this.lastOpaque + 1;
    } while (this.pending.has(this.lastOpaque));
    return this.lastOpaque;
  }

  private scheduleFlush(): void {
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    if (!this.isReading) process.nextTick(this.flush);
  }

  private readonly flush = (): void => {
    if (!this.flushScheduled || this.isClosed) return;
    this.flushScheduled = false;
    // While the kernel takes no more, bytes gather here and leave together when it does (see onWritten).
    if (this.socket.writableLength === 0) this.queue.flush();
    const waiting = this.writableBytes;
    if (waiting > this.limits.writableBytesHardMax) {
      this.close(this.error('SLOW_READER', `the peer left ${waiting} bytes unread`));
    } else if (waiting > this.limits.writableBytesMax && !this.isPaused) {
      this.isPaused = true;
      this.socket.pause();
    }
  };

  private finish(error: Error | undefined): void {
    this.isClosed = true;
    unwatch(this);
    const reason = this.error('CONNECTION_CLOSED', 'the connection is closed', error);
    for (const handler of this.pending.takeAll()) handler.onFailure(reason, this);
    this.handlers.onClose?.(this, error);
  }

  private error(code: PeerError['code'], message: string, cause?: unknown): PeerError {
    return new PeerError(code, this.address, message, cause);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
