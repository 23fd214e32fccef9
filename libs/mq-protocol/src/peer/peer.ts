import { FrameError, PeerError } from '../errors.js';
import { encodeFrame } from '../frame/encode-frame.js';
import { FrameView } from '../frame/frame-view.js';
import { FLAG_ONEWAY, FLAG_RESPONSE } from '../frame/frame-layout.js';
import type { RemotingCommand } from '../frame/remoting-command.js';
import { plainHost } from '../message/host.js';
import { asError } from '../thrown.js';
import { Backpressure } from './backpressure.js';
import { FrameIntake } from './frame-intake.js';
import { frameMemory } from './frame-memory.js';
import { monotonicMs, unwatch, watch } from './peer-clock.js';
import type { PeerLimits } from './peer-limits.js';
import type { PeerSocket } from './peer-socket.js';
import { PendingRequests } from './pending-requests.js';
import { encodeAnswer, failureResponse, RequestRunner } from './request-runner.js';
import { giveSlab } from './slab-pool.js';
import { unsentMemory } from './unsent-memory.js';
import { WriteQueue } from './write-queue.js';

/** After we have ended the stream, the other side has this time to end its own. */
const CLOSE_GRACE_MS = 1000;
/** One view for all peers: reads never nest, and nothing keeps the view after its call. */
const view = new FrameView();
let lastId = 0;
/** What a listener or a client does with the requests of its peers. Answers to its own requests never come here. */
export interface PeerHandlers {
  /** Sees every request first, in place, and valid only during the call. Returns true when it takes it, to answer now or later. */
  onFrame?(view: FrameView, peer: Peer): boolean;
  /** Called once after all frames of one read: the place to start work on the batch. */
  onReadBatchEnd?(): void;
  /**
   * Gets every other request, as a copy that may be kept. The returned command is the answer; undefined means that `reply`
   * sends it later. An error becomes code 1, a RequestRefusedError its own code. Oneway requests are never answered.
   */
  onRequest?(command: RemotingCommand, peer: Peer): RemotingCommand | undefined | Promise<RemotingCommand | undefined>;
  /** Called once, after all pending requests have failed. `error` is what closed the connection, if anything did. */
  onClose?(peer: Peer, error?: Error): void;
}

/** Waits for one answer without a promise and a closure, so that a caller may use the handler again for its next request. */
export interface AnswerHandler {
  /** The view and its buffer are valid only during the call. */
  onAnswer(view: FrameView, peer: Peer): void;
  /** No answer will come: the time is over, or the connection is closed. */
  onFailure(error: Error, peer: Peer): void;
  /** Asked when the time is over. A number gives the request so many milliseconds more; undefined lets it fail. */
  moreTime?(peer: Peer): number | undefined;
}

/**
 * One connection, both directions: it sends requests and oneways, matches answers, hands over the other side's requests
 * and sends their answers. Client, broker and name server use the same class.
 *
 * open -> closed, by `close`, by either end's socket, or by a limit. Closing fails all pending requests at once.
 */
export class Peer {
  readonly id: number = (lastId += 1);
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly localHost: string;
  readonly localPort: number;
  /** Reads from the socket so far. Who sees the same number again knows that nothing arrived in between. */
  readCount = 0;
  private isClosed = false;
  private readonly pending = new PendingRequests<AnswerHandler>();
  private readonly intake: FrameIntake;
  private readonly runner: RequestRunner;
  private readonly queue: WriteQueue;
  private flushScheduled = false;
  private isReading = false;
  private readonly backpressure: Backpressure;

  constructor(
    private readonly socket: PeerSocket,
    private readonly handlers: PeerHandlers,
    readonly limits: PeerLimits,
    /** Of all connections of the process. Specs have their own. */
    memory = { frames: frameMemory, unsent: unsentMemory },
  ) {
    this.remoteHost = plainHost(socket.remoteAddress ?? '');
    this.remotePort = socket.remotePort ?? 0;
    this.localHost = plainHost(socket.localAddress ?? '');
    this.localPort = socket.localPort ?? 0;
    this.intake = new FrameIntake({
      socket,
      limits,
      view,
      memory: memory.frames,
      onFrame: this.onFrame,
      onEvicted: (reason) => this.close(this.error('FRAME_MEMORY', reason)),
      isPaused: () => this.backpressure.isPaused,
    });
    this.runner = new RequestRunner(
      handlers.onRequest && ((request) => handlers.onRequest?.(request, this)),
      (response) => this.reply(response),
      limits.requestsInFlightMax,
    );
    this.backpressure = new Backpressure(socket, limits, {
      memory: memory.unsent,
      onUnread: (bytes) => this.close(this.error('SLOW_READER', `the peer left ${bytes} bytes unread`)),
      isHeld: () => this.intake.isWaiting,
    });
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

  /** Bytes that were written here but that the kernel does not have yet. */
  get writableBytes(): number {
    return this.queue.bytes + this.socket.writableLength;
  }

  /** Our requests that wait for an answer. */
  get pendingRequests(): number {
    return this.pending.size;
  }

  /**
   * Sends a request and resolves with its answer, whatever the answer's code. The command's own opaque is not used.
   * Rejects with PeerError (CONNECTION_CLOSED, REQUEST_TIMEOUT, TOO_MANY_REQUESTS) or FrameError (too large).
   */
  request(command: RemotingCommand, timeoutMs: number): Promise<RemotingCommand> {
    return new Promise((resolve, reject) => {
      this.requestWith(command, timeoutMs, {
        onAnswer: (answer) => resolve(answer.toCommand()),
        onFailure: reject,
      });
    });
  }

  /** As `request`, with a handler instead of a promise. Failures come through the handler too. */
  requestWith(command: RemotingCommand, timeoutMs: number, handler: AnswerHandler): void {
    if (this.isClosed) return handler.onFailure(this.error('CONNECTION_CLOSED', 'the connection is closed'), this);
    if (this.pending.size >= this.limits.pendingRequestsMax) {
      handler.onFailure(this.error('TOO_MANY_REQUESTS', 'too many requests wait for an answer'), this);
      return;
    }
    const opaque = this.pending.nextOpaque();
    try {
      this.write(this.encode(command, opaque));
    } catch (error) {
      handler.onFailure(asError(error), this);
      return;
    }
    this.pending.add(opaque, handler, monotonicMs() + timeoutMs);
  }

  /** Sends a request without an answer. A closed connection drops it. Throws FrameError when it is too large. */
  oneway(command: RemotingCommand): void {
    const { flag } = command;
    this.write(this.encode({ ...command, flag: (flag | FLAG_ONEWAY) & ~FLAG_RESPONSE }, this.pending.nextOpaque()));
  }

  /** Sends an answer. `createResponse` gives it the request's opaque. A closed connection drops it. */
  reply(command: RemotingCommand): void {
    this.write(encodeAnswer(command, this.limits.frameBytesMax));
  }

  /** Sends encoded frames, in one write with everything else of this tick. Bytes over 16 KiB must not change afterwards. */
  write(bytes: Buffer): void {
    if (this.isClosed) return;
    this.queue.add(bytes);
    this.scheduleFlush();
  }

  /** As `write`, with the first `bytes` of a slab (`takeSlab`). The peer owns the slab from here on, and gives it back to the pool. */
  writeSlab(slab: Buffer, bytes: number): void {
    if (this.isClosed) return giveSlab(slab);
    this.queue.addSlab(slab, bytes);
    this.scheduleFlush();
  }

  /**
   * Makes room for an answer of at most `bytes` (64 KiB) in the outgoing slab. Write the answer into `writeBuffer` from the
   * returned offset on, then `commit` its end, with no other write in between. This is the cheapest way to answer.
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

  /** Without an error, written bytes are still sent; with an error they are dropped. */
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
    // Bytes that arrive after a close are read and dropped, so that the end of the other side's stream is seen.
    if (this.isClosed) return true;
    this.readCount += 1;
    this.isReading = true;
    try {
      this.intake.push(chunk, length);
    } catch (error) {
      this.close(asError(error));
      return true;
    } finally {
      this.isReading = false;
    }
    this.handlers.onReadBatchEnd?.();
    if (this.flushScheduled) this.flush();
    return !this.backpressure.isPaused && !this.intake.isWaiting;
  }

  /** For the socket: it is closed, by either side. */
  socketClosed(error?: Error): void {
    if (!this.isClosed) this.finish(error);
  }

  /** For the clock: ends what is over its time limit. */
  scan(now: number): void {
    for (const handler of this.pending.takeExpired(now, (waiting) => waiting.moreTime?.(this))) {
      handler.onFailure(this.error('REQUEST_TIMEOUT', 'no answer in time'), this);
    }
    const reason = this.intake.check(now);
    if (reason !== undefined) this.close(this.error('IDLE_TIMEOUT', reason));
  }

  private readonly onFrame = (frame: FrameView): boolean => {
    if (frame.isResponse) {
      // An answer without a waiting request came too late and is dropped.
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
    this.intake.active();
    if (this.isClosed) return;
    if (this.socket.writableLength === 0) this.queue.flush();
    this.backpressure.drained(this.writableBytes);
  };

  private encode(command: RemotingCommand, opaque: number): Buffer {
    const frame = encodeFrame(command, opaque);
    if (frame.length - 4 > this.limits.frameBytesMax) {
      throw new FrameError(`a request of ${frame.length} bytes is over the limit`, 'FRAME_TOO_LARGE');
    }
    return frame;
  }

  private scheduleFlush(): void {
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    if (!this.isReading) process.nextTick(this.flush);
  }

  private readonly flush = (): void => {
    if (!this.flushScheduled || this.isClosed) return;
    this.flushScheduled = false;
    // While the kernel takes no more, bytes collect here and leave together later (see onWritten).
    if (this.socket.writableLength === 0) this.queue.flush();
    this.backpressure.written(this.writableBytes);
  };

  private finish(error: Error | undefined): void {
    this.isClosed = true;
    unwatch(this);
    this.intake.release();
    this.backpressure.release();
    const reason = this.error('CONNECTION_CLOSED', 'the connection is closed', error);
    for (const handler of this.pending.takeAll()) handler.onFailure(reason, this);
    this.handlers.onClose?.(this, error);
  }

  private error(code: PeerError['code'], message: string, cause?: unknown): PeerError {
    return new PeerError(code, this.address, message, cause);
  }
}
