import { isRetryTopic, MessageConst, messageOf, ResponseCode } from '@rocketshop/mq-protocol';
import type { MessageExt, SubscriptionData } from '@rocketshop/mq-protocol';
import { BrokerRefusedError } from '../client-error.js';
import type { ClientInstance } from '../instance/client-instance.js';
import type { ResolvedPushConsumerOptions } from './consumer.config.js';
import type { CachedMessage, ProcessQueue } from './process-queue.js';
import { pullMessages } from './pull-request.js';
import type { PullResultExt } from './pull-request.js';
import { tagFilter } from './subscription.js';

/** The Java client's PULL_TIME_DELAY_MILLS_WHEN_BROKER_FLOW_CONTROL. */
const FLOW_CONTROL_DELAY_MS = 20;
const BYTES_PER_MIB = 1_048_576;

export interface PullerHost {
  readonly instance: ClientInstance;
  readonly options: ResolvedPushConsumerOptions;
  readonly suspended: boolean;
  subscriptionOf(topic: string): SubscriptionData | undefined;
  onPulled(processQueue: ProcessQueue, entries: readonly CachedMessage[]): void;
  /** The broker says that the offset is outside of the queue, and names the offset to go on with. */
  onOffsetIllegal(processQueue: ProcessQueue, nextOffset: number): void;
}

/**
 * Pulls one assigned queue until the queue is dropped: after each answer it sends the next long pull.
 *
 * pulling -> answered -> pulling; thresholds exceeded or consumer suspended -> waiting (for wake) -> pulling;
 * failed -> pausing (pullTimeDelayMillsWhenException) -> pulling; offset illegal or dropped -> ended.
 */
export class QueuePuller {
  private ended = false;
  private wakeUp: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lastFailure: string | undefined;

  constructor(
    private readonly host: PullerHost,
    private readonly processQueue: ProcessQueue,
  ) {}

  start(): void {
    void this.run();
  }

  /** Called when a message was finished and when the consumer is resumed. */
  wake(): void {
    if (this.timer === undefined) this.wakeUp?.();
  }

  /** Ends the loop. The answer of the present pull is ignored. */
  stop(): void {
    this.ended = true;
    this.wakeUp?.();
  }

  private async run(): Promise<void> {
    while (!this.ended) {
      if (!this.hasRoom()) {
        await this.wait(undefined);
        continue;
      }
      try {
        await this.pullOnce();
        this.lastFailure = undefined;
      } catch (error) {
        if (this.ended) return;
        this.logFailure(messageOf(error));
        await this.wait(this.delayAfter(error));
      }
    }
  }

  private hasRoom(): boolean {
    const { options, suspended } = this.host;
    return (
      !suspended &&
      this.processQueue.count < options.pullThresholdForQueue &&
      this.processQueue.bytes < options.pullThresholdSizeForQueue * BYTES_PER_MIB &&
      this.processQueue.span <= options.consumeConcurrentlyMaxSpan
    );
  }

  private async pullOnce(): Promise<void> {
    const { processQueue, host } = this;
    const { options } = host;
    const subscription = host.subscriptionOf(processQueue.queue.topic);
    if (subscription === undefined) return this.stop();
    processQueue.lastPullAt = Date.now();
    const answer = await pullMessages(host.instance, {
      group: options.consumerGroup,
      queue: processQueue.queue,
      offset: processQueue.nextOffset,
      maxNums: options.pullBatchSize,
      commitOffset: processQueue.commitOffset,
      suspendMs: options.brokerSuspendMaxTimeMillis,
      subscription: subscription.subString,
      brokerId: processQueue.suggestedBrokerId,
      timeoutMs: options.consumerTimeoutMillisWhenSuspend,
    });
    if (!this.ended) this.take(answer, subscription);
  }

  private take(answer: PullResultExt, subscription: SubscriptionData): void {
    const { processQueue, host } = this;
    processQueue.suggestedBrokerId = answer.suggestedBrokerId;
    if (answer.status === 'OFFSET_ILLEGAL') {
      this.stop();
      host.onOffsetIllegal(processQueue, answer.nextBeginOffset);
      return;
    }
    // The broker filters by the hash of the tag, so other tags with an equal hash are filtered out here.
    const matching = answer.messages.filter(tagFilter(subscription));
    for (const message of matching) restoreTopic(message);
    const entries = processQueue.add(matching, answer.nextBeginOffset);
    if (entries.length > 0) host.onPulled(processQueue, entries);
  }

  private delayAfter(error: unknown): number {
    if (error instanceof BrokerRefusedError && error.responseCode === ResponseCode.FLOW_CONTROL)
      return FLOW_CONTROL_DELAY_MS;
    return this.host.options.pullTimeDelayMillsWhenException;
  }

  /** Without `delayMs` it waits for wake(). With `delayMs` wake() does not shorten the wait. stop() ends both. */
  private wait(delayMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      this.wakeUp = () => {
        clearTimeout(this.timer);
        this.timer = undefined;
        this.wakeUp = undefined;
        resolve();
      };
      if (delayMs !== undefined) this.timer = setTimeout(this.wakeUp, delayMs);
    });
  }

  private logFailure(reason: string): void {
    if (reason === this.lastFailure) return;
    this.lastFailure = reason;
    const { topic, brokerName, queueId } = this.processQueue.queue;
    this.host.instance.logger.warn(`pull of ${topic} ${brokerName} ${queueId}: ${reason}`);
  }
}

/** A redelivered message comes from the retry topic. The listener gets it under the topic that it was sent to. */
export function restoreTopic(message: MessageExt): void {
  const original = message.properties[MessageConst.RETRY_TOPIC];
  if (original !== undefined && isRetryTopic(message.topic)) message.topic = original;
}
