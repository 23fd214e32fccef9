/**
 * The terms that the store and its callers share.
 *
 * - physical offset: position of a record's first byte in the commit log, one space per store
 * - queue offset: index of a message in one queue of one topic, dense from 0
 * - record: one stored message, laid out as RocketMQ does (MessageDecoder.java), see `record/record-layout.ts`
 */

/** How an append ended. Names are RocketMQ's PutMessageStatus; `lastAppend` holds the numbers of a `PUT_OK`. */
export type AppendStatus = 'PUT_OK' | 'MESSAGE_ILLEGAL' | 'PROPERTIES_SIZE_EXCEEDED' | 'SERVICE_NOT_AVAILABLE';

/** How a look-up ended. Names are RocketMQ's GetMessageStatus (rows of DefaultMessageStore.getMessage). */
export type GetStatus =
  | 'FOUND'
  | 'NO_MATCHED_MESSAGE'
  | 'MESSAGE_WAS_REMOVING'
  | 'OFFSET_FOUND_NULL'
  | 'OFFSET_OVERFLOW_BADLY'
  | 'OFFSET_OVERFLOW_ONE'
  | 'OFFSET_TOO_SMALL'
  | 'NO_MATCHED_LOGIC_QUEUE'
  | 'NO_MESSAGE_IN_QUEUE';

export type FlushDiskType = 'ASYNC_FLUSH' | 'SYNC_FLUSH';

export type BoundaryType = 'LOWER' | 'UPPER';

/** A message to append. `append` copies everything, so that the caller may fill the same object again. */
export interface MessageDraft {
  topic: string;
  queueId: number;
  /** The user's flag, opaque. */
  flag: number;
  sysFlag: number;
  /** Milliseconds, from the producer. */
  bornTimestamp: number;
  /** IPv4 in dotted form, or its four bytes. */
  bornHost: string | Uint8Array;
  bornPort: number;
  /** May be a view into a read buffer. */
  body: Buffer;
  /** The encoded property string (`name 0x01 value 0x02 ...`), at most 32,767 bytes. */
  properties: Buffer;
  reconsumeTimes: number;
  preparedTransactionOffset: number;
  /** Java hash of TAGS, 0 without tags; for SCHEDULE_TOPIC_XXXX the delivery time in milliseconds. */
  tagsCode: number;
}

/** The numbers of the last successful append. It is one object that each append fills again. */
export interface AppendResult {
  /** Of the (first) message. */
  physicalOffset: number;
  /** Of the (first) message. */
  queueOffset: number;
  /** An answer may leave when `writtenOffset` (ASYNC_FLUSH) or `flushedOffset` (SYNC_FLUSH) has reached this. */
  endOffset: number;
  storeTimestamp: number;
  /** After `appendBatch`: one for each message. Empty after `append`. */
  readonly physicalOffsets: number[];
}

export interface GetResult {
  status: GetStatus;
  nextBeginOffset: number;
  minOffset: number;
  maxOffset: number;
  /** Records as clients read them, one after the other, in the caller's buffers. The store does not keep the buffers. */
  buffers: Buffer[];
  count: number;
  bytes: number;
  /** The first message looked at lies further behind the log's end than memory is taken to reach. */
  slow: boolean;
}

/** Gives a buffer of at least `bytes` for the records of a look-up. The buffer belongs to the caller. */
export type RecordAllocator = (bytes: number) => Buffer;

/** Tells whether a message with this tags code is wanted. */
export type TagMatcher = (tagsCode: number) => boolean;

export interface QueueState {
  topic: string;
  queueId: number;
  minOffset: number;
  maxOffset: number;
}

/** A part of the log without a readable record, although one should be there. */
export interface DamagedRange {
  physicalOffset: number;
  bytes: number;
  /** What the check found, e.g. `checksum`. */
  reason: string;
  /** Known when a consume queue pointed there. */
  topic?: string;
  queueId?: number;
  queueOffset?: number;
}
