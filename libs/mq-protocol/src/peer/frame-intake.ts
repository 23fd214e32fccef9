import { FrameReader } from '../frame/frame-reader.js';
import type { FrameView } from '../frame/frame-view.js';
import { FrameClaim } from './frame-memory.js';
import type { FrameMemory } from './frame-memory.js';
import { IdleWatch } from './idle-watch.js';
import type { PeerLimits } from './peer-limits.js';
import type { PeerSocket } from './peer-socket.js';

interface FrameIntakeOptions {
  socket: Pick<PeerSocket, 'pause' | 'resume'>;
  limits: Pick<PeerLimits, 'frameBytesMax' | 'idleTimeoutMs' | 'frameTimeoutMs'>;
  view: FrameView;
  memory: FrameMemory;
  /** As FrameReader's. */
  onFrame: (frame: FrameView) => boolean;
  /** The connection is to be closed. */
  onEvicted: (reason: string) => void;
  /** Whether the connection is paused for another reason too. */
  isPaused: () => boolean;
}

/** Reads the frames of one connection, and accounts for the frame whose rest has not arrived. */
export class FrameIntake {
  private readonly reader: FrameReader;
  private readonly memory: FrameMemory;
  private readonly claim: FrameClaim;
  private readonly idle: IdleWatch;
  private framesRead = 0;

  constructor(private readonly options: FrameIntakeOptions) {
    const { socket, limits, view, memory, onFrame, onEvicted, isPaused } = options;
    this.memory = memory;
    this.idle = new IdleWatch(limits);
    this.claim = new FrameClaim({
      admitted: () => void (isPaused() || socket.resume()),
      evicted: onEvicted,
    });
    this.reader = new FrameReader(
      (frame) => {
        this.framesRead += 1;
        this.idle.frameRead();
        return onFrame(frame);
      },
      { frameBytesMax: limits.frameBytesMax, view },
    );
  }

  /** The frame waits for memory: nothing is to be read from the connection. */
  get isWaiting(): boolean {
    return this.claim.isWaiting;
  }

  /** Throws FrameError when the bytes are no frames; the intake must not be used afterwards. */
  push(chunk: Buffer, length: number): void {
    const { reader, claim, framesRead } = this;
    this.idle.active();
    reader.push(chunk, 0, length);
    if (this.framesRead !== framesRead) this.memory.release(claim);
    if (reader.partialBytes === 0) return;
    this.memory.hold(claim, reader.heldBytes, reader.partialBytes, reader.partialFrameBytes);
    if (claim.isWaiting) this.options.socket.pause();
  }

  /** Bytes were written. */
  active(): void {
    this.idle.active();
  }

  /** Returns why the connection is to be closed, or undefined. */
  check(now: number): string | undefined {
    const isPaused = this.isWaiting || this.options.isPaused();
    const reason = this.idle.check(now, this.reader.partialBytes, isPaused);
    if (reason !== undefined || !this.memory.isTooSlow(this.claim, now)) return reason;
    return 'a long frame hardly arrives while others wait for its memory';
  }

  /** The connection is closed. */
  release(): void {
    this.memory.release(this.claim);
  }
}
