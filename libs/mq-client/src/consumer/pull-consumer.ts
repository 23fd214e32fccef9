import { MessageFormatError } from '@rocketshop/mq-protocol';
import type { ConsumerData } from '@rocketshop/mq-protocol';
import { InvalidStateError } from '../client-error.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { leaseInstance } from '../instance/instance-registry.js';
import type { InstanceLease } from '../instance/instance-registry.js';
import type { ConsumerMember } from '../instance/members.js';
import type { MessageQueue } from '../message.js';
import { BrokerOffsets } from './broker-offsets.js';
import { resolvePullConsumerOptions } from './consumer.config.js';
import type { PullConsumerOptions, ResolvedPullConsumerOptions } from './consumer.config.js';
import { inflateMessage, pullMessages } from './pull-request.js';
import type { PullResult } from './pull-result.js';
import { parseSubscription, tagFilter } from './subscription.js';

const PULL_MAX_NUMS_MAX = 1_024;

interface Running {
  lease: InstanceLease;
  instance: ClientInstance;
  offsets: BrokerOffsets;
}

/**
 * Reads a queue when the caller asks. It does not rebalance, does not retry, and commits no offset by itself.
 * constructed -> start() -> shutdown(); it can be started again. Source: DefaultMQPullConsumerImpl.java.
 */
export class PullConsumer {
  readonly options: ResolvedPullConsumerOptions;
  private running: Running | undefined;

  /** @throws InvalidOptionsError naming every problem */
  constructor(options: PullConsumerOptions) {
    this.options = resolvePullConsumerOptions(options);
  }

  async start(): Promise<void> {
    if (this.running !== undefined) throw new InvalidStateError(`consumer ${this.options.consumerGroup} runs already`);
    const lease = leaseInstance(this.options.client);
    try {
      lease.instance.addConsumer(groupMember(this.options.consumerGroup));
    } catch (error) {
      await lease.release();
      throw error;
    }
    const { instance } = lease;
    this.running = { lease, instance, offsets: new BrokerOffsets(instance, this.options.consumerGroup) };
    // A connection that other clients of this instance opened must hear of the new group. A new one begins with a
    // heartbeat.
    await instance.heartbeats.sendToAllBrokers();
  }

  async shutdown(): Promise<void> {
    const { running } = this;
    if (running === undefined) return;
    this.running = undefined;
    await running.instance.unregister({ consumerGroup: this.options.consumerGroup });
    await running.lease.release();
  }

  /** The readable queues of the topic, sorted. @throws NoRouteError */
  async fetchMessageQueues(topic: string): Promise<MessageQueue[]> {
    const { routes } = this.required().instance;
    const fresh = await routes.refresh(topic);
    return [...(fresh ?? (await routes.require(topic))).subscribeQueues];
  }

  /** The messages from `offset` on; an empty result when there are none. `expression` is `*` or tags joined by `||`. */
  pull(queue: MessageQueue, expression: string, offset: number, maxNums: number): Promise<PullResult> {
    return this.pullOnce(queue, expression, offset, maxNums, 0, this.options.consumerPullTimeoutMillis);
  }

  /** Like pull(), but the broker waits for a message, for up to brokerSuspendMaxTimeMillis. */
  pullBlockIfNotFound(queue: MessageQueue, expression: string, offset: number, maxNums: number): Promise<PullResult> {
    const { brokerSuspendMaxTimeMillis, consumerTimeoutMillisWhenSuspend } = this.options;
    return this.pullOnce(
      queue,
      expression,
      offset,
      maxNums,
      brokerSuspendMaxTimeMillis,
      consumerTimeoutMillisWhenSuspend,
    );
  }

  /** Undefined when the group has committed no offset of the queue. */
  async fetchConsumeOffset(queue: MessageQueue): Promise<number | undefined> {
    return (await this.offsetsOf(queue)).committed(queue);
  }

  /** Resolves when the broker has the offset. */
  async updateConsumeOffset(queue: MessageQueue, offset: number): Promise<void> {
    await (await this.offsetsOf(queue)).commit(queue, offset);
  }

  async minOffset(queue: MessageQueue): Promise<number> {
    return (await this.offsetsOf(queue)).min(queue);
  }

  /** The offset of the next message to be stored. */
  async maxOffset(queue: MessageQueue): Promise<number> {
    return (await this.offsetsOf(queue)).max(queue);
  }

  /** The offset of the first message stored at or after `timestamp` (epoch ms). */
  async searchOffset(queue: MessageQueue, timestamp: number): Promise<number> {
    return (await this.offsetsOf(queue)).search(queue, timestamp);
  }

  private async pullOnce(
    queue: MessageQueue,
    expression: string,
    offset: number,
    maxNums: number,
    suspendMs: number,
    timeoutMs: number,
  ): Promise<PullResult> {
    if (!Number.isInteger(maxNums) || maxNums < 1 || maxNums > PULL_MAX_NUMS_MAX) {
      throw new RangeError(`maxNums must be a whole number from 1 to ${PULL_MAX_NUMS_MAX}, got ${maxNums}`);
    }
    const subscription = parseSubscription(queue.topic, expression);
    const { instance } = this.required();
    await instance.routes.require(queue.topic);
    const answer = await pullMessages(instance, {
      group: this.options.consumerGroup,
      queue,
      offset,
      maxNums,
      suspendMs,
      subscription: subscription.subString,
      brokerId: 0,
      timeoutMs,
    });
    const messages = answer.messages.filter(tagFilter(subscription));
    for (const message of messages) {
      if (!inflateMessage(message)) throw new MessageFormatError(`message ${message.msgId} cannot be inflated`);
    }
    const { status, nextBeginOffset, minOffset, maxOffset } = answer;
    return { status, nextBeginOffset, minOffset, maxOffset, messages };
  }

  private async offsetsOf(queue: MessageQueue): Promise<BrokerOffsets> {
    const { instance, offsets } = this.required();
    await instance.routes.require(queue.topic);
    return offsets;
  }

  private required(): Running {
    if (this.running === undefined)
      throw new InvalidStateError(`consumer ${this.options.consumerGroup} is not running`);
    return this.running;
  }
}

/** The brokers know the group from heartbeats, but it takes no part in rebalancing. */
function groupMember(group: string): ConsumerMember {
  const consumerData: ConsumerData = {
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    consumeType: 'CONSUME_ACTIVELY',
    groupName: group,
    messageModel: 'CLUSTERING',
    subscriptionDataSet: [],
    unitMode: false,
  };
  return {
    group,
    topics: () => [],
    consumerData: () => consumerData,
    onRouteChange: () => undefined,
    rebalanceSoon: () => undefined,
  };
}
