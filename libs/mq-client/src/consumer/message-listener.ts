import type { MessageExt } from '@rocketshop/mq-protocol';
import type { MessageQueue } from '../message.js';

export type ConsumeStatus = 'CONSUME_SUCCESS' | 'RECONSUME_LATER';

/** What a listener may read and set for one call. */
export interface ConsumeContext {
  readonly messageQueue: MessageQueue;
  /** Delay level of a redelivery: 0 = the broker's ladder, above 0 = that level, -1 = dead letter queue at once. */
  delayLevelWhenNextConsume: number;
  /** Index of the last message that succeeded, for batches; the ones after it are delivered again. */
  ackIndex: number;
  /**
   * Added to the properties of messages that are delivered again or end in %DLQ%group, for example why they failed. The
   * protocol's send-back carries none, so such a message goes back as a copy sent to %RETRY%group.
   */
  retryProperties?: Readonly<Record<string, string>> | undefined;
}

/** Returning nothing means CONSUME_SUCCESS; throwing means RECONSUME_LATER. */
export type MessageListener = (
  messages: MessageExt[],
  context: ConsumeContext,
) => Promise<ConsumeStatus | void> | ConsumeStatus | void;
