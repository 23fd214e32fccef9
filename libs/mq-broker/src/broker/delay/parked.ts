import { decodeMessage, propertiesBytesOf } from '@rocketshop/mq-protocol';
import type { MessageExt } from '@rocketshop/mq-protocol';

/** A message on a delay level. */
export interface Parked {
  /** Its offset in the level's queue. */
  readonly queueOffset: number;
  readonly storeTimestamp: number;
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
      const { storeTimestamp } = message;
      parked.push({ queueOffset, storeTimestamp, message, problem: '', properties: propertiesBytesOf(buffer, offset) });
    } catch (error) {
      const problem = error instanceof Error ? error.message : 'unreadable';
      parked.push({ queueOffset, storeTimestamp: 0, message: undefined, problem, properties: Buffer.alloc(0) });
    }
  }
  return parked;
}
