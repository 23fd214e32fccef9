import type { SendStatus } from '@rocketshop/mq-client';

/** What may go along with a payload. */
export interface RocketmqRecordOptions {
  /** One word. Consumers may filter by it. */
  readonly tag?: string | undefined;
  /** Business key, by which an administrator finds the message. The broker does not deduplicate by it. */
  readonly key?: string | undefined;
  /**
   * Milliseconds before the delivery. The broker has fixed delay levels (1 s, 5 s, 10 s, 30 s, 1 to 10 min, 20 min, 30
   * min, 1 h, 2 h, each divided by timeScale), so the delay is rounded up to the next level. A delay beyond the last
   * level is refused.
   */
  readonly delayMs?: number | undefined;
  /** RocketMQ's delay level itself, 1 to 18, in place of `delayMs`. */
  readonly delayLevel?: number | undefined;
  /** Messages of one order key go to one queue, in the order of their sends. */
  readonly orderKey?: string | undefined;
  /** Names that RocketMQ or this library uses are refused. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A message as the application publishes it. */
export interface RocketmqMessage extends RocketmqRecordOptions {
  /** 1 to 127 of letters, digits, "_", "-", "%" and "|". */
  readonly topic: string;
  /** Any JSON value, or bytes. Bytes are sent as they are. Amounts are text, since JSON has no bigint. */
  readonly payload: unknown;
}

/** What is known of a message that the broker has confirmed. */
export interface PublishReceipt {
  /**
   * The sender creates it. It is the same for each attempt to send and for each delivery. For display, not for
   * deduplication.
   */
  readonly messageId: string;
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
}

/**
 * A send status that means "stored, but less safely than asked for", or SEND_FAILED where there was no usable answer.
 */
export type PublishStatus = Exclude<SendStatus, 'SEND_OK'> | 'SEND_FAILED';
