/** A message as a service sees it. No RocketMQ type: the same contract can be served by another broker. */
export interface RocketmqMessage {
  /** 1 to 127 of letters, digits, "_", "-", "%" and "|". */
  readonly topic: string;
  /** One word that consumers may filter by. */
  readonly tag?: string | undefined;
  /** Business key, for finding the message again. Not a deduplication key for the broker. */
  readonly key?: string | undefined;
  /** JSON, or bytes which travel as they are. Amounts are text: JSON has no bigint. */
  readonly payload: unknown;
  /**
   * Real milliseconds to wait before delivery. Rounded up to the next level of the broker's ladder (1 s, 5 s, 10 s, 30 s,
   * 1 to 10 min, 20 min, 30 min, 1 h, 2 h, each divided by timeScale). More than the longest level is refused.
   */
  readonly delayMs?: number | undefined;
  /** Messages of one order key go to one queue, in the order of their sends. */
  readonly orderKey?: string | undefined;
  /** Travel beside the payload. Names that the protocol uses itself are refused. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What is known of a message that the broker has confirmed. */
export interface PublishReceipt {
  /** Made by the sender, equal in every redelivery; equal too where a send was tried again. For display, not for deduplication. */
  readonly messageId: string;
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
}

/** RocketMQ's send statuses other than SEND_OK (each means: stored, but not as safely as asked), and no usable answer at all. */
export type PublishStatus = 'FLUSH_DISK_TIMEOUT' | 'FLUSH_SLAVE_TIMEOUT' | 'SLAVE_NOT_AVAILABLE' | 'SEND_FAILED';
