import { GroupName, type ConsumerData, type MessageExt, type SubscriptionData } from '@rocketshop/mq-protocol';
import type { ClientInstance } from '../instance/client-instance.js';
import { messageOf } from '../instance/connections.js';
import type { ConsumerMember, DirectConsumption, AdminOperations } from '../instance/members.js';
import { PeriodicTask } from '../instance/periodic-task.js';
import type { TopicRoute } from '../instance/topic-route.js';
import { queueKey, type MessageQueue } from '../message.js';
import { MessageSender } from '../producer/message-sender.js';
import { resolveProducerOptions } from '../producer/producer.config.js';
import { BrokerOffsets } from './broker-offsets.js';
import { ConsumeDispatcher } from './consume-dispatcher.js';
import type { ResolvedPushConsumerOptions } from './consumer.config.js';
import { firstOffset } from './first-offset.js';
import type { MessageListener } from './message-listener.js';
import { ProcessQueue, type CachedMessage } from './process-queue.js';
import { QueuePuller, restoreTopic, type PullerHost } from './queue-puller.js';
import { Rebalancer, type RebalancerHost } from './rebalancer.js';
import { runningInfo } from './running-info.js';
import { SendBack } from './send-back.js';

/** Pause before a sharing of queues that could not be completed is tried again. */
export const REBALANCE_RETRY_MS = 1_000;
const MINUTE_MS = 60_000;

interface Assignment {
  readonly processQueue: ProcessQueue;
  readonly puller: QueuePuller;
  /** The last offset sent with UPDATE_CONSUMER_OFFSET, and on which connection. */
  committed: { offset: number; peerId: number } | undefined;
}

/** A push consumer between start and shutdown: the queues it holds and everything that works on them. */
export class PushConsumerRuntime implements ConsumerMember, AdminOperations, RebalancerHost, PullerHost {
  readonly group: string;
  readonly admin: AdminOperations = this;
  readonly startedAt = Date.now();
  stopping = false;
  suspended = false;

  private readonly assignments = new Map<string, Assignment>();
  private readonly offsets: BrokerOffsets;
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
    this.offsets = new BrokerOffsets(instance, this.group);
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
      (processQueue) => this.assignments.get(queueKey(processQueue.queue))?.puller.wake(),
    );
    const rebalancer = new Rebalancer(this);
    this.rebalance = new PeriodicTask(
      options.rebalanceInterval,
      async () => {
        if (!(await rebalancer.run())) this.retryRebalance();
      },
      (error) => instance.logger.error(`rebalance of ${this.group}: ${messageOf(error)}`),
    );
    this.persist = new PeriodicTask(
      options.persistConsumerOffsetInterval,
      () => Promise.resolve(this.persistOffsets()),
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

  /** Ends what the constructor began, for a consumer that is not started. */
  discard(): void {
    this.stopping = true;
    this.dispatcher.stop();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.rebalanceRetry);
    for (const { puller } of this.assignments.values()) puller.stop();
    this.dispatcher.stop();
    await this.rebalance.stop();
    for (const { puller } of this.assignments.values()) puller.stop();
    const drained = await within(this.dispatcher.drained(), this.options.awaitTerminationMillisWhenShutdown);
    if (!drained) {
      this.instance.logger.warn(`${this.dispatcher.runningCalls} listener calls of ${this.group} outlive the shutdown`);
    }
    await this.persist.stop();
    await Promise.all(this.heldQueues().map((queue) => this.release(queue)));
    await this.instance.unregister({ consumerGroup: this.group });
  }

  suspend(): void {
    this.suspended = true;
    this.dispatcher.pause();
  }

  resume(): void {
    this.suspended = false;
    this.dispatcher.resume();
    for (const { puller } of this.assignments.values()) puller.wake();
  }

  /** Tells the brokers and shares out again. */
  subscriptionsChanged(): void {
    this.start().catch((error: unknown) => {
      this.instance.logger.warn(`the subscriptions of ${this.group} wait for a broker: ${messageOf(error)}`);
    });
  }

  // --- what the client instance asks ---

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

  // --- queues come and go ---

  heldQueues(): MessageQueue[] {
    return [...this.assignments.values()].map(({ processQueue }) => processQueue.queue);
  }

  async acquire(queue: MessageQueue): Promise<void> {
    const { consumeFromWhere, consumeTimestamp } = this.options;
    const offset = await firstOffset(this.offsets, queue, consumeFromWhere, consumeTimestamp);
    if (this.stopping || this.assignments.has(queueKey(queue))) return;
    const processQueue = new ProcessQueue(queue, offset);
    const puller = new QueuePuller(this, processQueue);
    this.assignments.set(queueKey(queue), { processQueue, puller, committed: undefined });
    this.instance.logger.debug(`${this.group} takes ${queueKey(queue)} from ${offset}`);
    puller.start();
  }

  async release(queue: MessageQueue): Promise<void> {
    const assignment = this.assignments.get(queueKey(queue));
    if (assignment !== undefined) await this.letGo(assignment, assignment.processQueue.commitOffset);
  }

  onOffsetIllegal(processQueue: ProcessQueue, nextOffset: number): void {
    const assignment = this.assignments.get(queueKey(processQueue.queue));
    if (assignment?.processQueue !== processQueue) return;
    this.instance.logger.warn(
      `offset ${processQueue.nextOffset} of ${queueKey(processQueue.queue)} is illegal, ${this.group} goes on at ${nextOffset}`,
    );
    // A broker that does not take the correction answers the same again: then not in a tight loop.
    void this.letGo(assignment, nextOffset).then((done) => (done ? this.rebalanceSoon() : this.retryRebalance()));
  }

  /** Drops the queue first, so that nothing can be finished behind the offset that is then committed. */
  private async letGo({ processQueue, puller }: Assignment, commitOffset: number): Promise<boolean> {
    const { queue } = processQueue;
    puller.stop();
    processQueue.dropped = true;
    this.assignments.delete(queueKey(queue));
    try {
      await this.offsets.commit(queue, commitOffset);
      this.instance.logger.debug(`${this.group} lets ${queueKey(queue)} go at ${commitOffset}`);
      return true;
    } catch (error) {
      this.instance.logger.warn(`offset ${commitOffset} of ${queueKey(queue)} was not committed: ${messageOf(error)}`);
      return false;
    }
  }

  private retryRebalance(): void {
    clearTimeout(this.rebalanceRetry);
    if (this.stopping) return;
    const delayMs = Math.min(REBALANCE_RETRY_MS, this.options.rebalanceInterval);
    this.rebalanceRetry = setTimeout(() => this.rebalanceSoon(), delayMs);
  }

  /** Sends what changed; on a new connection everything, for what was sent on the lost one may not have arrived. */
  private persistOffsets(): void {
    for (const assignment of this.assignments.values()) {
      const { queue, commitOffset: offset } = assignment.processQueue;
      const peerId = this.offsets.peerId(queue);
      if (peerId === undefined) continue;
      if (assignment.committed?.offset === offset && assignment.committed.peerId === peerId) continue;
      this.offsets.commitOneway(queue, offset);
      assignment.committed = { offset, peerId };
    }
  }

  // --- messages ---

  subscriptionOf(topic: string): SubscriptionData | undefined {
    return this.subscriptions.get(topic);
  }

  onPulled(processQueue: ProcessQueue, entries: readonly CachedMessage[]): void {
    this.dispatcher.submit(processQueue, entries);
  }

  // --- what an administrator asks through the broker ---

  async resetOffsets(offsets: ReadonlyMap<MessageQueue, number>): Promise<void> {
    for (const [queue, offset] of offsets) {
      const assignment = this.assignments.get(queueKey(queue));
      if (assignment !== undefined) await this.letGo(assignment, offset);
    }
    this.rebalanceSoon();
  }

  consumeOffsets(topic: string): Map<MessageQueue, number> {
    const queues = [...this.assignments.values()].map(({ processQueue }) => processQueue);
    return new Map(queues.filter(({ queue }) => queue.topic === topic).map((pq) => [pq.queue, pq.commitOffset]));
  }

  runningInfo(): Record<string, unknown> {
    return runningInfo(
      this,
      [...this.subscriptions.values()],
      [...this.assignments.values()].map(({ processQueue }) => processQueue),
    );
  }

  async consumeDirectly(message: MessageExt, brokerName: string): Promise<DirectConsumption> {
    restoreTopic(message);
    const messageQueue = { topic: message.topic, brokerName, queueId: message.queueId };
    const context = { messageQueue, delayLevelWhenNextConsume: 0, ackIndex: Number.MAX_SAFE_INTEGER };
    const outcome = await this.dispatcher.call([message], context);
    if (outcome instanceof Error) return { consumeResult: 'CR_THROW_EXCEPTION', remark: outcome.message };
    return { consumeResult: outcome === 'CONSUME_SUCCESS' ? 'CR_SUCCESS' : 'CR_LATER' };
  }
}

/** Sends the copies of messages the broker did not take back; Java's CLIENT_INNER_PRODUCER. */
function innerSender(instance: ClientInstance): MessageSender {
  const { namesrvAddr } = instance.options;
  const options = resolveProducerOptions({ namesrvAddr, producerGroup: GroupName.CLIENT_INNER_PRODUCER });
  return new MessageSender(instance, options);
}

/** True when the promise ends in time. */
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
