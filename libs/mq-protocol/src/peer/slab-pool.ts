/** Large enough for some 400 answers of one tick; larger writes go out by reference beside it. */
export const SLAB_BYTES = 64 * 1024;
/** Slabs kept for reuse; more are left to the garbage collector. */
const SLABS_KEPT_MAX = 64;

const free: Buffer[] = [];

/** A buffer of SLAB_BYTES for outgoing bytes. One pool serves all peers, so idle connections hold none. */
export function takeSlab(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
}

/** Gives a slab back. Only when the kernel has all of its bytes: the next owner overwrites them. */
export function giveSlab(slab: Buffer): void {
  if (free.length < SLABS_KEPT_MAX) free.push(slab);
}
