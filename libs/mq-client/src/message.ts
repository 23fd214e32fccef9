import type { MessageQueue } from '@rocketshop/mq-protocol';

export type { MessageQueue };

/** A message as the application sends it. */
export interface Message {
  topic: string;
  body: Buffer;
  /** One tag. Consumers can subscribe by tag. */
  tags?: string;
  /** Business keys, which the broker indexes. A key has no blanks. */
  keys?: string | readonly string[];
  /** A 32-bit number for the application's own use. */
  flag?: number;
  /** RocketMQ's delay level, 1 to 18 (1 s to 2 h). 0 or none: no delay. */
  delayTimeLevel?: number;
  /** With false the broker answers before flush and replication. @default true */
  waitStoreMsgOK?: boolean;
  /** Properties of the application. Names that RocketMQ uses are refused. */
  properties?: Readonly<Record<string, string>>;
}

/** SEND_OK: stored as safely as the broker is configured to. The others: stored on the master, but less safely. */
export type SendStatus = 'SEND_OK' | 'FLUSH_DISK_TIMEOUT' | 'FLUSH_SLAVE_TIMEOUT' | 'SLAVE_NOT_AVAILABLE';

export interface SendResult {
  sendStatus: SendStatus;
  /** The UNIQ_KEY that the client gave the message. For a batch: a list, separated by commas. */
  msgId: string;
  /** Names the place in the broker's log. For a batch: a list, separated by commas. */
  offsetMsgId: string;
  messageQueue: MessageQueue;
  /** Offset in the queue. For a batch: that of the first message. */
  queueOffset: number;
  regionId: string;
  traceOn: boolean;
}

export type SendCallback = (error: Error | undefined, result: SendResult | undefined) => void;

/** Chooses one of the topic's writable queues. The list is not empty, and sorted by broker name and queue id. */
export type MessageQueueSelector = (queues: readonly MessageQueue[], message: Message, arg: unknown) => MessageQueue;

export interface SendOptions {
  /** The queue to send to. A failed send is not retried on another queue. */
  queue?: MessageQueue;
  /** Chooses the queue. A failed send is not retried on another queue. */
  selector?: MessageQueueSelector;
  /** An argument for the selector. */
  arg?: unknown;
  /** Used in place of sendMsgTimeout for this message, ms. */
  timeoutMs?: number;
}

export type PullStatus = 'FOUND' | 'NO_NEW_MSG' | 'NO_MATCHED_MSG' | 'OFFSET_ILLEGAL';

export const queueKey = (queue: MessageQueue): string => `${queue.topic}@${queue.brokerName}@${queue.queueId}`;

export const sameQueue = (a: MessageQueue, b: MessageQueue): boolean =>
  a.queueId === b.queueId && a.brokerName === b.brokerName && a.topic === b.topic;
