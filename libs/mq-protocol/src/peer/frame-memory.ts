import { monotonicMs } from './peer-clock.js';

/** A frame up to this length is read at once. A longer one waits until there is room for all of it. */
const SMALL_FRAME_BYTES = 64 * 1024;
/** While others wait, a long frame must arrive at this rate after its first second. */
const CONTENDED_BYTES_PER_MS_MIN = 256;
const CONTENDED_GRACE_MS = 1000;

export interface FrameMemoryLimits {
  /** Bytes of long frames that are read at the same time. @default 64 MiB, sixteen messages of 4 MiB */
  largeBytesMax: number;
  /** Bytes of all other frames whose rest has not arrived. @default 64 MiB, a thousand frames of 64 KiB */
  smallBytesMax: number;
}

const DEFAULT_LIMITS: FrameMemoryLimits = { largeBytesMax: 64 * 1024 * 1024, smallBytesMax: 64 * 1024 * 1024 };

/** What the memory asks of a connection. */
export interface FrameOwner {
  /** The frame may be read on. */
  admitted(): void;
  /** Others need the memory: the connection is to be closed. */
  evicted(reason: string): void;
}

/** The frame of one connection whose rest has not arrived. A connection uses one object for all its frames. */
export class FrameClaim {
  /** Bytes of the connection's buffer. They count as small until the frame is admitted as a long one. */
  held = 0;
  /** Bytes that have arrived. */
  received = 0;
  /** Length of a long frame that is admitted or waits; otherwise 0. */
  frameBytes = 0;
  isAdmitted = false;
  isWaiting = false;
  since = 0;

  constructor(readonly owner: FrameOwner) {}
}

/**
 * Limits the bytes of incomplete frames over all connections of the process. A limit for each connection is not enough: a
 * thousand half frames would fill the memory.
 *
 *   a short frame           is read at once. When the bytes of all are too many, the oldest frame's connection is closed:
 *                           a frame that somebody sends is whole within milliseconds, one that is held back grows old
 *   a long frame, room      is admitted with all of its length, so that admitted frames can always be completed
 *   a long frame, no room   waits. Its connection is not read, so that the sender waits too, and loses nothing
 *
 * While frames wait, an admitted frame that hardly arrives loses its room.
 */
export class FrameMemory {
  private readonly limits: FrameMemoryLimits;
  /** In the order in which their frames began. */
  private readonly claims = new Set<FrameClaim>();
  private readonly waiting = new Set<FrameClaim>();
  private smallBytes = 0;
  private largeBytes = 0;

  constructor(limits: Partial<FrameMemoryLimits> = {}) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** Bytes that incomplete frames have or may take. */
  get bytes(): number {
    return this.smallBytes + this.largeBytes;
  }

  /** Connections that wait for room. */
  get waitingCount(): number {
    return this.waiting.size;
  }

  /**
   * A read has ended within a frame.
   * @param held bytes of the buffer that holds the frame
   * @param frameBytes length of the whole frame; 0 while it is not known
   */
  hold(claim: FrameClaim, held: number, received: number, frameBytes: number): void {
    if (!this.claims.has(claim)) {
      this.claims.add(claim);
      claim.since = monotonicMs();
    }
    claim.received = received;
    if (claim.isAdmitted) return;
    this.smallBytes += held - claim.held;
    claim.held = held;
    if (frameBytes > SMALL_FRAME_BYTES && !claim.isWaiting) {
      claim.frameBytes = frameBytes;
      if (this.waiting.size === 0 && this.fits(claim)) this.admit(claim);
      else {
        claim.isWaiting = true;
        this.waiting.add(claim);
      }
    }
    while (this.smallBytes > this.limits.smallBytesMax) this.evictOne();
  }

  /** The frame is complete, or its connection is closed. */
  release(claim: FrameClaim): void {
    if (!this.claims.delete(claim)) return;
    this.waiting.delete(claim);
    this.smallBytes -= claim.held;
    if (claim.isAdmitted) this.largeBytes -= claim.frameBytes;
    claim.held = 0;
    claim.received = 0;
    claim.frameBytes = 0;
    claim.isAdmitted = false;
    claim.isWaiting = false;
    this.admitWaiting();
  }

  /** Whether the frame is to lose its room because it hardly arrives while others wait. */
  isTooSlow(claim: FrameClaim, now: number): boolean {
    if (this.waiting.size === 0 || !claim.isAdmitted) return false;
    return claim.received < (now - claim.since - CONTENDED_GRACE_MS) * CONTENDED_BYTES_PER_MS_MIN;
  }

  private fits(claim: FrameClaim): boolean {
    return this.largeBytes + claim.frameBytes <= this.limits.largeBytesMax;
  }

  private admit(claim: FrameClaim): void {
    this.smallBytes -= claim.held;
    claim.held = 0;
    this.largeBytes += claim.frameBytes;
    claim.isAdmitted = true;
    claim.isWaiting = false;
    // The time in which nobody read it does not count.
    claim.since = monotonicMs();
  }

  private admitWaiting(): void {
    for (const claim of this.waiting) {
      if (!this.fits(claim)) return;
      this.waiting.delete(claim);
      this.admit(claim);
      claim.owner.admitted();
    }
  }

  private evictOne(): void {
    const victim = this.oldestSmall() ?? [...this.waiting].at(-1);
    if (victim === undefined) return;
    this.release(victim);
    victim.owner.evicted('its frame was incomplete for longest when the memory for incomplete frames was full');
  }

  private oldestSmall(): FrameClaim | undefined {
    for (const claim of this.claims) if (!claim.isWaiting && !claim.isAdmitted) return claim;
    return undefined;
  }
}

/** All connections of the process share it. */
export const frameMemory = new FrameMemory();
