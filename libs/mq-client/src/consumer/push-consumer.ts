import { messageOf, retryTopic } from '@rocketshop/mq-protocol';
import type { SubscriptionData } from '@rocketshop/mq-protocol';
import { InvalidOptionsError, InvalidStateError } from '../client-error.js';
import { leaseInstance } from '../instance/instance-registry.js';
import type { MessageQueue } from '../message.js';
import { resolvePushConsumerOptions } from './consumer.config.js';
import type { PushConsumerOptions, ResolvedPushConsumerOptions } from './consumer.config.js';
import type { MessageListener } from './message-listener.js';
import { PushConsumerRuntime } from './push-consumer-runtime.js';
import { parseSubscription } from './subscription.js';

/**
 * Consumes topics as a member of a group. The members share the queues, and each message is delivered at least once.
 * constructed -> subscribe(), registerMessageListener() -> start() -> shutdown(); it can
 * be started again. Source: client/impl/consumer/DefaultMQPushConsumerImpl.java.
 */
export class PushConsumer {
  readonly options: ResolvedPushConsumerOptions;
  private readonly subscriptions = new Map<string, SubscriptionData>();
  private listener: MessageListener | undefined;
  private runtime: PushConsumerRuntime | undefined;

  /** @throws InvalidOptionsError naming every problem */
  constructor(options: PushConsumerOptions) {
    this.options = resolvePushConsumerOptions(options);
    const retries = retryTopic(this.options.consumerGroup);
    this.subscriptions.set(retries, parseSubscription(retries, '*'));
  }

  get started(): boolean {
    return this.runtime !== undefined;
  }

  get suspended(): boolean {
    return this.runtime?.suspended ?? false;
  }

  /** `expression`: `*` or tags joined by `||`. All members of a group must have the same subscriptions. */
  subscribe(topic: string, expression = '*'): void {
    this.subscriptions.set(topic, parseSubscription(topic, expression));
    this.runtime?.subscriptionsChanged();
  }

  unsubscribe(topic: string): void {
    if (topic === retryTopic(this.options.consumerGroup)) return;
    this.subscriptions.delete(topic);
    this.runtime?.subscriptionsChanged();
  }

  registerMessageListener(listener: MessageListener): void {
    this.listener = listener;
  }

  /** The queues that this member holds now. */
  assignedQueues(): MessageQueue[] {
    return this.runtime?.heldQueues() ?? [];
  }

  /**
   * Resolves after the first rebalance. While there is no name server, broker or topic, the consumer waits for them.
   * @throws InvalidOptionsError without listener or subscription, DuplicateGroupError
   */
  async start(): Promise<void> {
    const { consumerGroup, client } = this.options;
    if (this.runtime !== undefined) throw new InvalidStateError(`consumer ${consumerGroup} runs already`);
    const problems = [
      ...(this.listener === undefined ? ['no message listener is registered'] : []),
      ...(this.subscriptions.size < 2 ? ['nothing is subscribed'] : []),
    ];
    if (this.listener === undefined || problems.length > 0) throw new InvalidOptionsError('PushConsumer', problems);
    const lease = leaseInstance(client);
    const runtime = new PushConsumerRuntime(lease.instance, this.options, this.subscriptions, this.listener);
    try {
      lease.instance.addConsumer(runtime);
    } catch (error) {
      runtime.discard();
      await lease.release();
      throw error;
    }
    this.runtime = runtime;
    this.release = () => lease.release();
    try {
      await runtime.start();
    } catch (error) {
      client.logger.warn(`consumer ${consumerGroup} starts without a broker: ${messageOf(error)}`);
    }
  }

  /**
   * Starts no further listener call, waits for the running ones (awaitTerminationMillisWhenShutdown), commits the
   * offsets, and then leaves the group, so that the next holder of a queue begins behind the last finished message.
   */
  async shutdown(): Promise<void> {
    const { runtime } = this;
    if (runtime === undefined) return;
    this.runtime = undefined;
    await runtime.stop();
    await this.release();
  }

  /** Stops pulls and listener calls until resume(). The member keeps its queues. */
  suspend(): void {
    this.runtime?.suspend();
  }

  resume(): void {
    this.runtime?.resume();
  }

  private release: () => Promise<void> = () => Promise.resolve();
}
