import type { PeerLimits } from './peer-limits.js';
import type { PeerSocket } from './peer-socket.js';

/**
 * Stops reading from a peer that does not take its answers, and starts again when it does: without this, a client that asks
 * faster than it reads fills the memory (Netty: write buffer water marks).
 */
export class Backpressure {
  isPaused = false;

  constructor(
    private readonly socket: Pick<PeerSocket, 'pause' | 'resume'>,
    private readonly limits: Pick<PeerLimits, 'writableBytesMax' | 'writableBytesHardMax'>,
  ) {}

  /** Call it after a write. Returns false when the peer has so many unsent bytes that it is to be closed. */
  written(unsentBytes: number): boolean {
    if (unsentBytes > this.limits.writableBytesHardMax) return false;
    if (unsentBytes > this.limits.writableBytesMax && !this.isPaused) {
      this.isPaused = true;
      this.socket.pause();
    }
    return true;
  }

  /** Call it when the kernel has taken bytes. */
  drained(unsentBytes: number): void {
    if (!this.isPaused || unsentBytes > this.limits.writableBytesMax / 2) return;
    this.isPaused = false;
    this.socket.resume();
  }
}
