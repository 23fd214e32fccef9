import { bodyCrc32, MESSAGE_MAGIC_V1, MESSAGE_MAGIC_V2, RecordOffset } from '@rocketshop/mq-protocol';
import { BodyOffset } from './send-frame.js';

/** A connection sends fewer messages than this, so a table of this size holds which of its messages were seen. */
const SEQUENCES_MAX = 1_000_000;

/**
 * Checks the pulled messages: no byte changed (CRC), no offset left out, no message lost or doubled. A message in another order
 * is counted but is no problem: a broker with several send threads may store two requests of a connection in either order.
 */
export class PullCheck {
  readonly problems: string[] = [];
  messages = 0;
  outOfOrder = 0;
  private readonly seen = new Map<number, Uint8Array>();
  private readonly lastSequences = new Map<number, number>();

  /** Checks the records of an answer. @returns the offset behind the last record */
  walk(buffer: Buffer, start: number, end: number, queueId: number, firstOffset: number): number {
    let offset = firstOffset;
    let at = start;
    while (at < end) {
      const bytes = buffer.readInt32BE(at);
      if (bytes <= RecordOffset.BODY || at + bytes > end) {
        this.problems.push(`queue ${queueId}, offset ${offset}: a record of ${bytes} bytes`);
        return offset;
      }
      this.check(buffer, at, queueId, offset);
      at += bytes;
      offset += 1;
    }
    return offset;
  }

  /** Adds a problem when messages are missing. */
  finish(connections: number, messagesPerConnection: number): void {
    const missing = connections * messagesPerConnection - this.messages;
    if (missing !== 0) this.problems.push(`${missing} of ${connections * messagesPerConnection} messages are missing`);
  }

  private check(buffer: Buffer, at: number, queueId: number, offset: number): void {
    const magic = buffer.readInt32BE(at + RecordOffset.MAGIC);
    const bodyAt = at + RecordOffset.BODY;
    const bodyEnd = bodyAt + buffer.readInt32BE(at + RecordOffset.BODY_LENGTH);
    const found =
      buffer.readInt32BE(at + RecordOffset.QUEUE_OFFSET) * 2 ** 32 +
      buffer.readUInt32BE(at + RecordOffset.QUEUE_OFFSET + 4);
    const place = `queue ${queueId}, offset ${offset}`;
    if (magic !== MESSAGE_MAGIC_V1 && magic !== MESSAGE_MAGIC_V2) this.problems.push(`${place}: magic ${magic}`);
    if (found !== offset) this.problems.push(`${place}: the record says ${found}`);
    if (buffer.readInt32BE(at + RecordOffset.BODY_CRC) !== bodyCrc32(buffer.subarray(bodyAt, bodyEnd))) {
      this.problems.push(`${place}: the CRC is wrong`);
    }
    const connection = buffer.readUInt32BE(bodyAt + BodyOffset.CONNECTION);
    const sequence = buffer.readUInt32BE(bodyAt + BodyOffset.SEQUENCE);
    this.count(connection, sequence, connection * 256 + queueId, place);
  }

  private count(connection: number, sequence: number, orderKey: number, place: string): void {
    let seen = this.seen.get(connection);
    if (!seen) this.seen.set(connection, (seen = new Uint8Array(SEQUENCES_MAX)));
    if (sequence >= SEQUENCES_MAX || seen[sequence] === 1)
      this.problems.push(`${place}: message ${sequence} was stored before`);
    seen[sequence] = 1;
    if (sequence < (this.lastSequences.get(orderKey) ?? -1)) this.outOfOrder += 1;
    this.lastSequences.set(orderKey, sequence);
    this.messages += 1;
  }
}
