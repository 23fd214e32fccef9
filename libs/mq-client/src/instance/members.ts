import type { ConsumerData, MessageExt } from '@rocketshop/mq-protocol';
import { DuplicateGroupError } from '../client-error.js';
import type { MessageQueue } from '../message.js';
import type { TopicTemplate } from './route-table.js';
import type { TopicRoute } from './topic-route.js';

/** Each group adds to every heartbeat, so the number of groups of one client instance has a limit. */
const GROUPS_MAX = 1_024;

/** A producer, as its client instance sees it. */
interface ProducerMember {
  readonly group: string;
  readonly template: TopicTemplate;
  /** The topics whose routes the instance refreshes. */
  topics(): Iterable<string>;
}

/** A consumer, as its client instance sees it. */
export interface ConsumerMember {
  readonly group: string;
  topics(): Iterable<string>;
  consumerData(): ConsumerData;
  onRouteChange(route: TopicRoute): void;
  /**
   * The members of the group, its queues or a connection changed: the shares of the queues must be worked out again.
   */
  rebalanceSoon(): void;
  /** Only a push consumer has these. */
  readonly admin?: AdminOperations;
}

/** What an administrator asks of a consumer through the broker (requests 220, 221, 307, 309). */
export interface AdminOperations {
  resetOffsets(offsets: ReadonlyMap<MessageQueue, number>): Promise<void>;
  /** The offsets that the consumer would commit now. */
  consumeOffsets(topic: string): Map<MessageQueue, number>;
  runningInfo(): Record<string, unknown>;
  consumeDirectly(message: MessageExt, brokerName: string): Promise<DirectConsumption>;
}

export interface DirectConsumption {
  consumeResult: 'CR_SUCCESS' | 'CR_LATER' | 'CR_THROW_EXCEPTION';
  remark?: string;
}

/** The producers and consumers of one client instance, by group. */
export class Members {
  readonly producers = new Map<string, ProducerMember>();
  readonly consumers = new Map<string, ConsumerMember>();

  get isEmpty(): boolean {
    return this.producers.size === 0 && this.consumers.size === 0;
  }

  /** @throws DuplicateGroupError */
  addProducer(member: ProducerMember): void {
    add(this.producers, member);
  }

  /** @throws DuplicateGroupError */
  addConsumer(member: ConsumerMember): void {
    add(this.consumers, member);
  }

  remove(groups: { producerGroup?: string; consumerGroup?: string }): void {
    if (groups.producerGroup !== undefined) this.producers.delete(groups.producerGroup);
    if (groups.consumerGroup !== undefined) this.consumers.delete(groups.consumerGroup);
  }

  consumedTopics(): Set<string> {
    return new Set([...this.consumers.values()].flatMap((consumer) => Array.from(consumer.topics())));
  }

  /** All topics, with the template of those that a producer may create. */
  topicsInUse(): Map<string, TopicTemplate | undefined> {
    const topics = new Map<string, TopicTemplate | undefined>();
    for (const topic of this.consumedTopics()) topics.set(topic, undefined);
    for (const producer of this.producers.values()) {
      for (const topic of producer.topics()) topics.set(topic, producer.template);
    }
    return topics;
  }
}

function add<Member extends { readonly group: string }>(members: Map<string, Member>, member: Member): void {
  if (members.has(member.group)) throw new DuplicateGroupError(member.group);
  if (members.size >= GROUPS_MAX) throw new RangeError(`more than ${GROUPS_MAX} groups in one client instance`);
  members.set(member.group, member);
}
