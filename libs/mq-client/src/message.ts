import type { MessageQueue } from '@rocketshop/mq-protocol';

export type { MessageQueue };

/** A message as the application hands it over. */
export interface Message {
  topic: string;
  body: Buffer;
  /** One tag; consumers can subscribe by tag. */
  tags?: string;
  /** Business keys the broker indexes; no blanks inside a key. */
  keys?: string | readonly string[];
  /** Free 32-bit number carried unchanged. */
  flag?: number;
  /** RocketMQ delay level, 1 to 18 (1 s to 2 h on an unscaled broker); 0 or absent means at once. */
  delayTimeLevel?: number;
  /** false: the broker answers before flush and replication. @default true */
  waitStoreMsgOK?: boolean;
  /** Free properties. Names RocketMQ uses itself are refused. */
  properties?: Readonly<Record<string, string>>;
}

/** SEND_OK: stored as the broker's flush mode promises. The others: stored on the master, but less safely. */
export type SendStatus = 'SEND_OK' | 'FLUSH_DISK_TIMEOUT' | 'FLUSH_SLAVE_TIMEOUT' | 'SLAVE_NOT_AVAILABLE';

export interface SendResult {
  sendStatus: SendStatus;
  /** The UNIQ_KEY the client gave the message; comma list for a batch. */
  msgId: string;
  /** Where the broker stored it; comma list for a batch. */
  offsetMsgId: string;
  messageQueue: MessageQueue;
  /** Offset in the queue, of the first message for a batch. */
  queueOffset: number;
  regionId: string;
  traceOn: boolean;
}

export type SendCallback = (error: Error | undefined, result: SendResult | undefined) => void;

/** Chooses one of the topic's writable queues (never empty, sorted by broker name and queue id). */
export type MessageQueueSelector = (queues: readonly MessageQueue[], message: Message, arg: unknown) => MessageQueue;

export interface SendOptions {
  /** Send to exactly this queue. A chosen queue is not retried on another one. */
  queue?: MessageQueue;
  /** Choose the queue per message; not retried on another one. */
  selector?: MessageQueueSelector;
  /** Handed to the selector. */
  arg?: unknown;
  /** Overrides sendMsgTimeout for this message, ms. */
  timeoutMs?: number;
}

export type PullStatus = 'FOUND' | 'NO_NEW_MSG' | 'NO_MATCHED_MSG' | 'OFFSET_ILLEGAL';

export const queueKey = (queue: MessageQueue): string => `${queue.topic}@${queue.brokerName}@${queue.queueId}`;

export const sameQueue = (a: MessageQueue, b: MessageQueue): boolean =>
  a.queueId === b.queueId && a.brokerName === b.brokerName && a.topic === b.topic;
