import {
  isRetryTopic,
  MessageConst,
  ResponseCode,
  type MessageExt,
  type SubscriptionData,
} from '@rocketshop/mq-protocol';
import { BrokerRefusedError } from '../client-error.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { messageOf } from '../instance/connections.js';
import type { ResolvedPushConsumerOptions } from './consumer.config.js';
import type { CachedMessage, ProcessQueue } from './process-queue.js';
import { pullMessages, type PullAnswer } from './pull-request.js';
import { tagFilter } from './subscription.js';

/** Java's PULL_TIME_DELAY_MILLS_WHEN_BROKER_FLOW_CONTROL. */
export const FLOW_CONTROL_DELAY_MS = 20;
const BYTES_PER_MIB = 1_048_576;

export interface PullerHost {
  readonly instance: ClientInstance;
  readonly options: ResolvedPushConsumerOptions;
  readonly suspended: boolean;
  subscriptionOf(topic: string): SubscriptionData | undefined;
  onPulled(processQueue: ProcessQueue, entries: readonly CachedMessage[]): void;
  /** The broker says the offset is outside of the queue and names the one to go on with. */
  onOffsetIllegal(processQueue: ProcessQueue, nextOffset: number): void;
}

/**
 * Keeps one long pull under way for one assigned queue until the queue is dropped.
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

  /** A message was finished, or the consumer was resumed. */
  wake(): void {
    if (this.timer === undefined) this.wakeUp?.();
  }

  /** Ends the loop; the answer of a pull under way is ignored. */
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
        this.noteSuccess();
      } catch (error) {
        if (this.ended) return;
        this.noteFailure(messageOf(error));
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

  private take(answer: PullAnswer, subscription: SubscriptionData): void {
    const { processQueue, host } = this;
    processQueue.suggestedBrokerId = answer.suggestedBrokerId;
    if (answer.status === 'OFFSET_ILLEGAL') {
      this.stop();
      host.onOffsetIllegal(processQueue, answer.nextBeginOffset);
      return;
    }
    // The broker filters by tag hash: what does not match here is passed over like what it left out itself.
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

  /** Waits for wake(), or for a time that wake() does not shorten; stop() ends both. */
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

  private noteFailure(reason: string): void {
    if (reason === this.lastFailure) return;
    this.lastFailure = reason;
    const { topic, brokerName, queueId } = this.processQueue.queue;
    this.host.instance.logger.warn(`pull of ${topic} ${brokerName} ${queueId}: ${reason}`);
  }

  private noteSuccess(): void {
    this.lastFailure = undefined;
  }
}

/** A listener sees a message under the topic it was first sent to, on whatever delivery. */
export function restoreTopic(message: MessageExt): void {
  const original = message.properties[MessageConst.RETRY_TOPIC];
  if (original !== undefined && isRetryTopic(message.topic)) message.topic = original;
}
