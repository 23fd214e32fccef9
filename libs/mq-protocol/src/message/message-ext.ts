/** A stored message, decoded. `commitLogOffset` is the physical offset; offsets and times are numbers below 2^53. */
export interface MessageExt {
  topic: string;
  body: Buffer;
  /** The application's own number, carried as it is. */
  flag: number;
  properties: Record<string, string>;
  queueId: number;
  queueOffset: number;
  commitLogOffset: number;
  storeSize: number;
  /** CRC-32 of the stored body without its sign bit. */
  bodyCrc: number;
  sysFlag: number;
  bornTimestamp: number;
  bornHost: string;
  bornPort: number;
  storeTimestamp: number;
  storeHost: string;
  storePort: number;
  reconsumeTimes: number;
  preparedTransactionOffset: number;
  /** The producer's own id (UNIQ_KEY), or the offset id when there is none. */
  msgId: string;
  offsetMsgId: string;
}

/** What a record is made of; sizes, CRC and ids follow from it. */
export type MessageRecord = Omit<MessageExt, 'storeSize' | 'bodyCrc' | 'msgId' | 'offsetMsgId' | 'properties'> & {
  /** As a record, or encoded already. */
  properties: Record<string, string> | Buffer;
};
