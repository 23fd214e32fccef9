/** Large enough for some 400 answers of one tick. Larger writes are sent by reference. */
export const SLAB_BYTES = 64 * 1024;
/** Maximum of free slabs. The garbage collector takes the others. */
const SLABS_KEPT_MAX = 64;

const free: Buffer[] = [];

/** A buffer of SLAB_BYTES for outgoing bytes. One pool serves all peers, so idle connections hold none. */
export function takeSlab(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
}

/** Gives a slab back. The kernel must have all of its bytes, because the next owner overwrites them. */
export function giveSlab(slab: Buffer): void {
  if (free.length < SLABS_KEPT_MAX) free.push(slab);
}
