import { describe, expect, it } from '@jest/globals';
import type { PeerSocket } from './peer-socket.js';
import { takeSlab } from './slab-pool.js';
import { WriteQueue } from './write-queue.js';

const POISON = 0xdd;
const BYTES = 40_000;

/** A socket that looks at the bytes only when it is told to, as a kernel does whose buffer was full. */
class LateSocket implements Pick<PeerSocket, 'cork' | 'uncork' | 'write'> {
  private held: Uint8Array[] = [];
  private callbacks: ((error?: Error | null) => void)[] = [];

  write(bytes: Uint8Array, callback?: (error?: Error | null) => void): boolean {
    this.held.push(bytes);
    if (callback) this.callbacks.push(callback);
    return false;
  }

  take(error: Error | null = null): Buffer {
    const taken = Buffer.concat(this.held.splice(0));
    for (const callback of this.callbacks.splice(0)) callback(error);
    return taken;
  }

  cork(): void {}
  uncork(): void {}
}

/** Takes slabs until none of the used ones can be left, and overwrites them as their next owners would. */
function poisonFreeSlabs(): Set<Buffer> {
  const slabs = Array.from({ length: 100 }, takeSlab);
  for (const slab of slabs) slab.fill(POISON);
  return new Set(slabs);
}

describe('a write queue', () => {
  it('keeps a slab that was handed over until its bytes are sent, then gives it to the next', () => {
    const socket = new LateSocket();
    const queue = new WriteQueue(socket, () => undefined);
    const slab = takeSlab().fill(1);
    queue.copy(Buffer.from('head'), 0, 4);
    queue.addSlab(slab, BYTES);
    queue.copy(Buffer.from('tail'), 0, 4);
    expect(queue.bytes).toBe(BYTES + 8);
    queue.flush();
    expect(queue.bytes).toBe(0);

    expect(poisonFreeSlabs().has(slab)).toBe(false);
    const sent = Buffer.concat([Buffer.from('head'), Buffer.alloc(BYTES, 1), Buffer.from('tail')]);
    expect(socket.take().equals(sent)).toBe(true);
    expect(poisonFreeSlabs().has(slab)).toBe(true);
  });

  it('copies few bytes of a slab, and gives it to the next at once', () => {
    const socket = new LateSocket();
    const queue = new WriteQueue(socket, () => undefined);
    const slab = takeSlab().fill(1);
    queue.addSlab(slab, 100);
    expect(poisonFreeSlabs().has(slab)).toBe(true);
    queue.flush();
    expect(socket.take().equals(Buffer.alloc(100, 1))).toBe(true);
  });

  it('never uses a slab again whose bytes were not sent', () => {
    const socket = new LateSocket();
    const queue = new WriteQueue(socket, () => undefined);
    const slab = takeSlab();
    queue.addSlab(slab, BYTES);
    queue.flush();
    socket.take(new Error('reset'));
    expect(poisonFreeSlabs().has(slab)).toBe(false);
  });
});
