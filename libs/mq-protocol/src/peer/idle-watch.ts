import { monotonicMs } from './peer-clock.js';
import type { PeerLimits } from './peer-limits.js';

/** Finds out when one connection is idle, and when a frame was begun and does not end. */
export class IdleWatch {
  private isActive = true;
  private idleSince = monotonicMs();
  private framesRead = 0;
  private framesReadAtCheck = 0;
  private partialSince = monotonicMs();

  constructor(private readonly limits: Pick<PeerLimits, 'idleTimeoutMs' | 'frameTimeoutMs'>) {}

  /** Bytes were read or written. */
  active(): void {
    this.isActive = true;
  }

  /** A whole frame was read. */
  frameRead(): void {
    this.framesRead += 1;
  }

  /**
   * Returns why the connection is to be closed, or undefined.
   * @param partialBytes bytes of a frame whose rest has not arrived
   * @param isPaused we do not read this connection: then the frame cannot arrive
   */
  check(now: number, partialBytes: number, isPaused: boolean): string | undefined {
    if (this.isActive) {
      this.isActive = false;
      this.idleSince = now;
    } else if (now - this.idleSince >= this.limits.idleTimeoutMs) {
      return 'the connection is idle';
    }
    if (partialBytes === 0 || this.framesRead !== this.framesReadAtCheck || isPaused) {
      this.framesReadAtCheck = this.framesRead;
      this.partialSince = now;
      return undefined;
    }
    // Whatever its pace: a peer that sends nearly all of a long frame at once would hold its memory for minutes.
    const isLate = now - this.partialSince >= this.limits.frameTimeoutMs;
    return isLate ? 'a frame was begun and not ended' : undefined;
  }
}
