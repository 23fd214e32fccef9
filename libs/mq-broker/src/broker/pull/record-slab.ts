import { SLAB_BYTES, takeSlab, type Peer } from '@rocketshop/mq-protocol';

/**
 * The place records of a pull are put together: a slab of the connections' pool, which goes to the socket as it is and
 * comes back when it is sent. A fresh buffer for each answer was a fifth of a pull's CPU, all of it garbage collection:
 * memory outside of V8's heap starts major collections.
 */
export class RecordSlab {
  private slab: Buffer | undefined;

  /** Room for one answer's records, until the next call; a fresh buffer where a slab is too small. */
  readonly take = (bytes: number): Buffer =>
    bytes > SLAB_BYTES ? Buffer.allocUnsafeSlow(bytes) : (this.slab ??= takeSlab());

  /** Sends records that lie in what `take` returned last. */
  send(peer: Peer, records: Buffer): void {
    if (this.slab === undefined || records.buffer !== this.slab.buffer) {
      peer.write(records);
      return;
    }
    peer.writeSlab(this.slab, records.length);
    this.slab = undefined;
  }
}
