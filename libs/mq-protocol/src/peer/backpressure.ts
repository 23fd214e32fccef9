import type { PeerLimits } from './peer-limits.js';
import type { PeerSocket } from './peer-socket.js';
import type { UnsentMemory } from './unsent-memory.js';

interface BackpressureOptions {
  memory: UnsentMemory;
  /** The peer, or all peers together, left too many bytes unread: it is to be closed. */
  onUnread: (unsentBytes: number) => void;
  /** Whether the connection is paused for another reason too. */
  isHeld: () => boolean;
}

/**
 * Stops reading from a peer that does not take its answers, and starts again when it does: without this, a client that asks
 * faster than it reads fills the memory (Netty: write buffer water marks).
 */
export class Backpressure {
  isPaused = false;

  constructor(
    private readonly socket: Pick<PeerSocket, 'pause' | 'resume'>,
    private readonly limits: Pick<PeerLimits, 'writableBytesMax' | 'writableBytesHardMax'>,
    private readonly options: BackpressureOptions,
  ) {}

  /** For the memory: others need it. */
  unreadEvicted(unsentBytes: number): void {
    this.options.onUnread(unsentBytes);
  }

  /** Call it after a write. */
  written(unsentBytes: number): void {
    if (unsentBytes > this.limits.writableBytesHardMax) {
      this.options.onUnread(unsentBytes);
      return;
    }
    if (unsentBytes > this.limits.writableBytesMax && !this.isPaused) {
      this.isPaused = true;
      this.socket.pause();
    }
    this.options.memory.update(this, unsentBytes);
  }

  /** Call it when the kernel has taken bytes. */
  drained(unsentBytes: number): void {
    this.options.memory.update(this, unsentBytes);
    if (!this.isPaused || unsentBytes > this.limits.writableBytesMax / 2) return;
    this.isPaused = false;
    if (!this.options.isHeld()) this.socket.resume();
  }

  /** The connection is closed. */
  release(): void {
    this.options.memory.update(this, 0);
  }
}
