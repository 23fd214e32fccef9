import { GroupName, messageOf } from '@rocketshop/mq-protocol';
import type { ConsumerData, MessageExt, SubscriptionData } from '@rocketshop/mq-protocol';
import type { ClientInstance } from '../instance/client-instance.js';
import type { ConsumerMember, DirectConsumption, AdminOperations } from '../instance/members.js';
import { PeriodicTask } from '../instance/periodic-task.js';
import type { TopicRoute } from '../instance/topic-route.js';
import { queueKey } from '../message.js';
import type { MessageQueue } from '../message.js';
import { MessageSender } from '../producer/message-sender.js';
import { resolveProducerOptions } from '../producer/producer.config.js';
import { AssignedQueues } from './assigned-queues.js';
import type { AssignedQueuesHost } from './assigned-queues.js';
import { BrokerOffsets } from './broker-offsets.js';
import { ConsumeDispatcher } from './consume-dispatcher.js';
import type { ResolvedPushConsumerOptions } from './consumer.config.js';
import type { MessageListener } from './message-listener.js';
import type { CachedMessage, ProcessQueue } from './process-queue.js';
import { restoreTopic } from './queue-puller.js';
import { Rebalancer } from './rebalancer.js';
import type { RebalancerHost } from './rebalancer.js';
import { runningInfo } from './running-info.js';
import { SendBack } from './send-back.js';

/** Pause before the next rebalance when one could not be completed. */
const REBALANCE_RETRY_MS = 1_000;
const MINUTE_MS = 60_000;

/** A push consumer from start to shutdown: its queues, and all that pulls, consumes and commits. */
export class PushConsumerRuntime implements ConsumerMember, AdminOperations, RebalancerHost, AssignedQueuesHost {
  readonly group: string;
  readonly admin: AdminOperations = this;
  readonly startedAt = Date.now();
  stopping = false;
  suspended = false;

  private readonly assigned: AssignedQueues;
  private readonly dispatcher: ConsumeDispatcher;
  private readonly rebalance: PeriodicTask;
  private readonly persist: PeriodicTask;
  private rebalanceRetry: NodeJS.Timeout | undefined;

  constructor(
    readonly instance: ClientInstance,
    readonly options: ResolvedPushConsumerOptions,
    private readonly subscriptions: ReadonlyMap<string, SubscriptionData>,
    listener: MessageListener,
  ) {
    this.group = options.consumerGroup;
    this.assigned = new AssignedQueues(this, new BrokerOffsets(instance, this.group));
    const sendBack = new SendBack(instance, innerSender(instance), {
      group: this.group,
      maxReconsumeTimes: options.maxReconsumeTimes,
    });
    this.dispatcher = new ConsumeDispatcher(
      listener,
      sendBack,
      {
        consumeThreadMax: options.consumeThreadMax,
        consumeMessageBatchMaxSize: options.consumeMessageBatchMaxSize,
        consumeTimeoutMs: options.consumeTimeout * MINUTE_MS,
        localRetryDelayMs: options.localRetryDelayMillis,
      },
      instance.logger,
      (processQueue) => this.assigned.wakePuller(processQueue.queue),
    );
    const rebalancer = new Rebalancer(this, this.assigned);
    this.rebalance = new PeriodicTask(
      options.rebalanceInterval,
      async () => {
        if (!(await rebalancer.run())) this.retryRebalance();
      },
      (error) => instance.logger.error(`rebalance of ${this.group}: ${messageOf(error)}`),
    );
    this.persist = new PeriodicTask(
      options.persistConsumerOffsetInterval,
      () => Promise.resolve(this.assigned.persistOffsets()),
      (error) => instance.logger.error(`offsets of ${this.group} were not sent: ${messageOf(error)}`),
    );
  }

  async start(): Promise<void> {
    this.persist.start();
    try {
      for (const topic of this.subscriptions.keys()) await this.instance.routes.refresh(topic);
      await this.instance.heartbeats.sendToAllBrokers();
    } finally {
      await this.rebalance.runNow();
    }
  }

  /** Stops the timers of the constructor when the consumer is not started. */
  discard(): void {
    this.stopping = true;
    this.dispatcher.stop();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.rebalanceRetry);
    this.assigned.stopPullers();
    this.dispatcher.stop();
    await this.rebalance.stop();
    // The rebalance that has just ended may have started pullers.
    this.assigned.stopPullers();
    const drained = await within(this.dispatcher.drained(), this.options.awaitTerminationMillisWhenShutdown);
    if (!drained) {
      this.instance.logger.warn(
        `${this.dispatcher.runningCalls} listener calls of ${this.group} still run after the shutdown`,
      );
    }
    await this.persist.stop();
    await Promise.all(this.heldQueues().map((queue) => this.assigned.release(queue)));
    await this.instance.unregister({ consumerGroup: this.group });
  }

  suspend(): void {
    this.suspended = true;
    this.dispatcher.pause();
  }

  resume(): void {
    this.suspended = false;
    this.dispatcher.resume();
    this.assigned.wakePullers();
  }

  heldQueues(): MessageQueue[] {
    return this.assigned.queues;
  }

  /** Sends a heartbeat with the new subscriptions and rebalances. */
  subscriptionsChanged(): void {
    this.start().catch((error: unknown) => {
      this.instance.logger.warn(`the subscriptions of ${this.group} wait for a broker: ${messageOf(error)}`);
    });
  }

  // --- ConsumerMember: what the client instance asks ---

  topics(): string[] {
    return [...this.subscriptions.keys()];
  }

  consumerData(): ConsumerData {
    return {
      consumeFromWhere: this.options.consumeFromWhere,
      consumeType: 'CONSUME_PASSIVELY',
      groupName: this.group,
      messageModel: 'CLUSTERING',
      subscriptionDataSet: [...this.subscriptions.values()],
      unitMode: false,
    };
  }

  onRouteChange(route: TopicRoute): void {
    if (this.subscriptions.has(route.topic)) this.rebalanceSoon();
  }

  rebalanceSoon(): void {
    if (!this.stopping) void this.rebalance.runNow();
  }

  private retryRebalance(): void {
    clearTimeout(this.rebalanceRetry);
    if (this.stopping) return;
    const delayMs = Math.min(REBALANCE_RETRY_MS, this.options.rebalanceInterval);
    this.rebalanceRetry = setTimeout(() => this.rebalanceSoon(), delayMs);
  }

  // --- PullerHost ---

  subscriptionOf(topic: string): SubscriptionData | undefined {
    return this.subscriptions.get(topic);
  }

  onPulled(processQueue: ProcessQueue, entries: readonly CachedMessage[]): void {
    this.dispatcher.submit(processQueue, entries);
  }

  onOffsetIllegal(processQueue: ProcessQueue, nextOffset: number): void {
    if (!this.assigned.holds(processQueue)) return;
    this.instance.logger.warn(
      `offset ${processQueue.nextOffset} of ${queueKey(processQueue.queue)} is illegal, ${this.group} goes on at ${nextOffset}`,
    );
    // When the broker refuses the commit, it will answer the next pull like this one: pause, to avoid a busy loop.
    void this.assigned
      .release(processQueue.queue, nextOffset)
      .then((committed) => (committed ? this.rebalanceSoon() : this.retryRebalance()));
  }

  // --- AdminOperations ---

  async resetOffsets(offsets: ReadonlyMap<MessageQueue, number>): Promise<void> {
    for (const [queue, offset] of offsets) await this.assigned.release(queue, offset);
    this.rebalanceSoon();
  }

  consumeOffsets(topic: string): Map<MessageQueue, number> {
    const ofTopic = this.assigned.processQueues.filter(({ queue }) => queue.topic === topic);
    return new Map(ofTopic.map(({ queue, commitOffset }) => [queue, commitOffset]));
  }

  runningInfo(): Record<string, unknown> {
    const subscriptions = [...this.subscriptions.values()];
    return runningInfo(this.options, this.startedAt, subscriptions, this.assigned.processQueues);
  }

  async consumeDirectly(message: MessageExt, brokerName: string): Promise<DirectConsumption> {
    restoreTopic(message);
    const messageQueue = { topic: message.topic, brokerName, queueId: message.queueId };
    const context = { messageQueue, delayLevelWhenNextConsume: 0, ackIndex: Number.MAX_SAFE_INTEGER };
    const outcome = await this.dispatcher.call([message], context);
    if (outcome instanceof Error) return { consumeResult: 'CR_THROW_EXCEPTION', remark: messageOf(outcome) };
    return { consumeResult: outcome === 'CONSUME_SUCCESS' ? 'CR_SUCCESS' : 'CR_LATER' };
  }
}

/** Sends copies of messages that failed. It is the Java client's CLIENT_INNER_PRODUCER. */
function innerSender(instance: ClientInstance): MessageSender {
  const { namesrvAddr } = instance.options;
  const options = resolveProducerOptions({ namesrvAddr, producerGroup: GroupName.CLIENT_INNER_PRODUCER });
  return new MessageSender(instance, options);
}

/** Resolves with whether the promise resolved within the limit. */
async function within(promise: Promise<void>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  try {
    return await Promise.race([promise.then(() => true), limit]);
  } finally {
    clearTimeout(timer);
  }
}
