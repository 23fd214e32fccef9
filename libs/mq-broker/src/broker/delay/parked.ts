import { decodeMessage, propertiesBytesOf } from '@rocketshop/mq-protocol';
import type { MessageExt } from '@rocketshop/mq-protocol';

/** A message on a delay level. */
export interface Parked {
  /** Its offset in the level's queue. */
  readonly queueOffset: number;
  readonly storeTimestamp: number;
  /** When it is due by steady time, ms; 0 in a record of an older version. It stands in the field of a prepared transaction's offset. */
  readonly dueMs: number;
  /** Undefined when the record cannot be read; `problem` says why. */
  readonly message: MessageExt | undefined;
  readonly problem: string;
  /** As they are stored. */
  readonly properties: Buffer;
}

/** The messages in a buffer of records. One that cannot be read does not hide those behind it. */
export function parkedIn(buffer: Buffer): Parked[] {
  const parked: Parked[] = [];
  for (let offset = 0; offset < buffer.length; offset += buffer.readInt32BE(offset)) {
    const queueOffset = Number(buffer.readBigInt64BE(offset + 20));
    try {
      const message = decodeMessage(buffer, offset);
      const { storeTimestamp, preparedTransactionOffset: dueMs } = message;
      const properties = propertiesBytesOf(buffer, offset);
      parked.push({ queueOffset, storeTimestamp, dueMs, message, problem: '', properties });
    } catch (error) {
      const problem = error instanceof Error ? error.message : 'unreadable';
      parked.push({
        queueOffset,
        storeTimestamp: 0,
        dueMs: 0,
        message: undefined,
        problem,
        properties: Buffer.alloc(0),
      });
    }
  }
  return parked;
}
