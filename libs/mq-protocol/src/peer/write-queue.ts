import type { PeerSocket } from './peer-socket.js';
import { giveSlab, takeSlab } from './slab-pool.js';

/** A copy of more bytes costs more than another entry in the write vector. */
const COPY_BYTES_MAX = 16 * 1024;
const NONE = Buffer.alloc(0);

/**
 * Collects everything that is written to one socket during a tick and sends it by one system call. Measured on loopback with answers
 * of 128 bytes: 151 k/s with one write for each, 3.0 M/s with one write for all. Small writes are copied into a slab; large writes
 * are kept by reference (writev).
 */
export class WriteQueue {
  /** Where `reserve` lets the caller write. Changes with each `reserve`. */
  slab: Buffer = NONE;
  private slabUsed = 0;
  private slabSent = 0;
  private sealed: Buffer[] = [];
  private sealedBytes = 0;
  private slabs: Buffer[] = [];
  /** Slabs of flushes whose bytes the kernel does not have yet, oldest first. */
  private readonly inFlight: Buffer[][] = [];

  constructor(
    private readonly socket: Pick<PeerSocket, 'cork' | 'uncork' | 'write'>,
    private readonly onWritten: (error?: Error | null) => void,
  ) {}

  /** Bytes not yet handed to the socket. */
  get bytes(): number {
    return this.sealedBytes + this.slabUsed - this.slabSent;
  }

  /** Makes room for `bytes` (at most SLAB_BYTES) and returns where they start in `slab`. `commit` ends the write. */
  reserve(bytes: number): number {
    if (this.slab.length - this.slabUsed < bytes) this.nextSlab();
    return this.slabUsed;
  }

  /** Everything up to `end` in `slab` has been written. */
  commit(end: number): void {
    this.slabUsed = end;
  }

  /** Adds bytes. Large ones are taken by reference and must not change until they are sent. */
  add(bytes: Buffer): void {
    if (bytes.length <= COPY_BYTES_MAX) {
      this.copy(bytes, 0, bytes.length);
      return;
    }
    this.seal();
    this.sealed.push(bytes);
    this.sealedBytes += bytes.length;
  }

  /** Adds a copy, whatever the size: the source may be overwritten at once. */
  copy(source: Buffer, start: number, end: number): void {
    let position = start;
    while (position < end) {
      if (this.slabUsed === this.slab.length) this.nextSlab();
      const copied = source.copy(this.slab, this.slabUsed, position, end);
      this.slabUsed += copied;
      position += copied;
    }
  }

  /** As `add`, with the first `bytes` of a slab. The queue owns the slab from here on and gives it back to the pool after the write. */
  addSlab(slab: Buffer, bytes: number): void {
    if (bytes <= COPY_BYTES_MAX) {
      this.copy(slab, 0, bytes);
      giveSlab(slab);
      return;
    }
    this.seal();
    this.sealed.push(slab.subarray(0, bytes));
    this.sealedBytes += bytes;
    this.slabs.push(slab);
  }

  /** Hands all bytes to the socket. */
  flush(): void {
    this.seal();
    const { sealed } = this;
    if (sealed.length === 0) return;
    this.inFlight.push(this.slabs);
    this.sealed = [];
    this.sealedBytes = 0;
    this.slabs = [];
    this.slab = NONE;
    this.slabUsed = 0;
    this.slabSent = 0;
    const last = sealed.length - 1;
    if (last > 0) this.socket.cork();
    for (let index = 0; index < last; index += 1) this.socket.write(sealed[index] ?? NONE);
    this.socket.write(sealed[last] ?? NONE, this.written);
    if (last > 0) this.socket.uncork();
  }

  private readonly written = (error?: Error | null): void => {
    const slabs = this.inFlight.shift() ?? [];
    // After an error libuv may still use the bytes: such slabs are not used again.
    if (error === undefined || error === null) slabs.forEach(giveSlab);
    this.onWritten(error);
  };

  private seal(): void {
    if (this.slabUsed === this.slabSent) return;
    this.sealed.push(this.slab.subarray(this.slabSent, this.slabUsed));
    this.sealedBytes += this.slabUsed - this.slabSent;
    this.slabSent = this.slabUsed;
  }

  private nextSlab(): void {
    this.seal();
    this.slab = takeSlab();
    this.slabs.push(this.slab);
    this.slabUsed = 0;
    this.slabSent = 0;
  }
}
