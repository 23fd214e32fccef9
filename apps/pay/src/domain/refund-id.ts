import { createHash } from 'node:crypto';

/**
 * The id of the refund of a transaction: a UUID of version 8, which follows from the transaction. A database that was set back asks
 * for the same refund again, under the same id, and the provider recognizes it. Under a new id the provider would give the money back
 * twice, or refuse it for ever.
 */
export function refundIdOf(providerTxnId: string): string {
  const bytes = createHash('sha256').update(`refund of ${providerTxnId}`).digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
