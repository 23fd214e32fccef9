import { SLAB_BYTES, takeSlab } from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';

/**
 * Gives the buffer for the records of a pull: a slab of the connections' pool. The socket sends the slab as it is and gives
 * it back afterwards. A fresh buffer for each answer took a fifth of a pull's CPU, all of it in the garbage collector: memory
 * outside of V8's heap triggers major collections.
 */
export class RecordSlab {
  private slab: Buffer | undefined;

  /** Room for the records of one answer, valid until the next call. A fresh buffer when a slab is too small. */
  readonly take = (bytes: number): Buffer =>
    bytes > SLAB_BYTES ? Buffer.allocUnsafeSlow(bytes) : (this.slab ??= takeSlab());

  /** Sends records that are in the buffer that `take` returned last. */
  send(peer: Peer, records: Buffer): void {
    if (this.slab === undefined || records.buffer !== this.slab.buffer) {
      peer.write(records);
      return;
    }
    peer.writeSlab(this.slab, records.length);
    this.slab = undefined;
  }
}
