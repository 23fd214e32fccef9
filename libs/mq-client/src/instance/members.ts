import type { ConsumerData, MessageExt } from '@rocketshop/mq-protocol';
import type { MessageQueue } from '../message.js';
import type { TopicRoute } from './topic-route.js';
import type { TopicTemplate } from './route-table.js';

/** What a client instance must know of a producer that lives in it. */
export interface ProducerMember {
  readonly group: string;
  readonly template: TopicTemplate;
  /** Topics whose routes are kept fresh. */
  topics(): Iterable<string>;
}

/** What a client instance must know of a consumer that lives in it, and what a broker may ask of it. */
export interface ConsumerMember {
  readonly group: string;
  topics(): Iterable<string>;
  consumerData(): ConsumerData;
  onRouteChange(route: TopicRoute): void;
  /** The members of the group, its queues or a connection changed: share out the queues again. */
  rebalanceSoon(): void;
  /** What only a push consumer can do; a pull consumer leaves it out. */
  readonly admin?: AdminOperations;
}

/** Requests an administrator sends through the broker (220, 221, 307, 309). */
export interface AdminOperations {
  resetOffsets(offsets: ReadonlyMap<MessageQueue, number>): Promise<void>;
  /** Offsets as this consumer would commit them now. */
  consumeOffsets(topic: string): Map<MessageQueue, number>;
  runningInfo(): Record<string, unknown>;
  consumeDirectly(message: MessageExt, brokerName: string): Promise<DirectConsumption>;
}

export interface DirectConsumption {
  consumeResult: 'CR_SUCCESS' | 'CR_LATER' | 'CR_THROW_EXCEPTION';
  remark?: string;
}
