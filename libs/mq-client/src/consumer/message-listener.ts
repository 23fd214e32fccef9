import type { MessageExt } from '@rocketshop/mq-protocol';
import type { MessageQueue } from '../message.js';

export type ConsumeStatus = 'CONSUME_SUCCESS' | 'RECONSUME_LATER';

/** What a listener may read and set in one call. */
export interface ConsumeContext {
  readonly messageQueue: MessageQueue;
  /**
   * Delay level of the redelivery. 0: the broker chooses by the number of redeliveries. -1: the dead letter queue at
   * once.
   */
  delayLevelWhenNextConsume: number;
  /** For batches: the index of the last message that succeeded. The messages after it are delivered again. */
  ackIndex: number;
  /**
   * Added to the properties of messages that are delivered again or go to %DLQ%group, for example why they failed. The
   * send-back command cannot carry properties, so such a message goes back as a copy that is sent to %RETRY%group.
   */
  retryProperties?: Readonly<Record<string, string>> | undefined;
}

/** A listener that returns nothing means CONSUME_SUCCESS. One that throws means RECONSUME_LATER. */
export type MessageListener = (
  messages: MessageExt[],
  context: ConsumeContext,
) => Promise<ConsumeStatus | void> | ConsumeStatus | void;
