import { asError, messageOf } from '@rocketshop/mq-protocol';
import type { MessageExt } from '@rocketshop/mq-protocol';
import type { Logger } from '../logger.js';
import type { ConsumeContext, ConsumeStatus, MessageListener } from './message-listener.js';
import type { CachedMessage, ProcessQueue } from './process-queue.js';
import { inflateMessage } from './pull-request.js';
import type { SendBack } from './send-back.js';

interface DispatcherOptions {
  consumeThreadMax: number;
  consumeMessageBatchMaxSize: number;
  consumeTimeoutMs: number;
  localRetryDelayMs: number;
}

interface ConsumeTask {
  readonly processQueue: ProcessQueue;
  readonly entries: readonly CachedMessage[];
  startedAt: number;
  /** The task reached the consume timeout: its messages were sent back, and its result no longer counts. */
  expired: boolean;
}

/** Delay level of the redelivery after a consume timeout, as in the Java client's cleanExpiredMsg. */
const EXPIRED_DELAY_LEVEL = 3;
const EXPIRY_SCAN_MAX_MS = 60_000;
/** The list of waiting tasks is copied without its started tasks when these are this many. */
const COMPACTION_MIN = 1_024;

/**
 * Calls the listener, at most consumeThreadMax times at once, in the order of the pulls. The pull thresholds of the
 * queues limit how many messages wait here. Source: ConsumeMessageConcurrentlyService.java.
 */
export class ConsumeDispatcher {
  private waiting: ConsumeTask[] = [];
  private head = 0;
  private readonly running = new Set<ConsumeTask>();
  private readonly localRetries = new Set<NodeJS.Timeout>();
  private readonly expiryScan: NodeJS.Timeout;
  private whenIdle: (() => void) | undefined;
  private paused = false;
  private stopped = false;

  constructor(
    private readonly listener: MessageListener,
    private readonly sendBack: SendBack,
    private readonly options: DispatcherOptions,
    private readonly logger: Logger,
    /** Called when messages of the queue are finished, so that it can be pulled again. */
    private readonly onProgress: (processQueue: ProcessQueue) => void,
  ) {
    const scanMs = Math.max(1, Math.min(EXPIRY_SCAN_MAX_MS, options.consumeTimeoutMs));
    this.expiryScan = setInterval(() => this.expireTasks(), scanMs);
  }

  submit(processQueue: ProcessQueue, entries: readonly CachedMessage[]): void {
    const size = this.options.consumeMessageBatchMaxSize;
    for (let start = 0; start < entries.length; start += size) {
      this.waiting.push({ processQueue, entries: entries.slice(start, start + size), startedAt: 0, expired: false });
    }
    this.startWaiting();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.startWaiting();
  }

  /** Starts no further call. drained() waits for the running ones. */
  stop(): void {
    this.stopped = true;
    this.waiting = [];
    this.head = 0;
    clearInterval(this.expiryScan);
    for (const timer of this.localRetries) clearTimeout(timer);
    this.localRetries.clear();
  }

  /** Resolves when no listener call runs. */
  drained(): Promise<void> {
    if (this.running.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.whenIdle = resolve;
    });
  }

  /** The number of listener calls that run now. */
  get runningCalls(): number {
    return this.running.size;
  }

  /** Calls the listener. An error of the listener is the answer; it is not thrown. */
  async call(messages: MessageExt[], context: ConsumeContext): Promise<ConsumeStatus | Error> {
    try {
      return (await this.listener(messages, context)) ?? 'CONSUME_SUCCESS';
    } catch (error) {
      return asError(error);
    }
  }

  private startWaiting(): void {
    while (!this.paused && !this.stopped && this.running.size < this.options.consumeThreadMax) {
      const task = this.waiting[this.head];
      if (task === undefined) break;
      this.head += 1;
      if (!task.processQueue.dropped) void this.run(task);
    }
    if (this.head === this.waiting.length || this.head >= COMPACTION_MIN) {
      this.waiting = this.waiting.slice(this.head);
      this.head = 0;
    }
  }

  private async run(task: ConsumeTask): Promise<void> {
    this.running.add(task);
    task.startedAt = performance.now();
    task.processQueue.lastConsumeAt = Date.now();
    try {
      await this.consume(task);
    } catch (error) {
      this.logger.error(`consuming of ${task.processQueue.queue.topic} failed: ${messageOf(error)}`);
      // Without this the messages would wait for ever, and no offset behind them could be committed.
      this.retryHere(
        task.processQueue,
        task.entries.filter((entry) => !entry.done),
      );
    } finally {
      this.running.delete(task);
      this.onProgress(task.processQueue);
      if (this.running.size === 0) this.whenIdle?.();
      this.startWaiting();
    }
  }

  private async consume(task: ConsumeTask): Promise<void> {
    const unreadable = task.entries.filter((entry) => !inflateMessage(entry.message));
    if (unreadable.length > 0) await this.sendToDeadLetterQueue(task, unreadable);
    const entries = task.entries.filter((entry) => !entry.done && !unreadable.includes(entry));
    if (entries.length === 0) return;
    const context: ConsumeContext = {
      messageQueue: task.processQueue.queue,
      delayLevelWhenNextConsume: 0,
      ackIndex: Number.MAX_SAFE_INTEGER,
    };
    const outcome = await this.call(
      entries.map((entry) => entry.message),
      context,
    );
    if (task.expired || task.processQueue.dropped) return;
    if (outcome instanceof Error)
      this.logger.warn(`listener of ${task.processQueue.queue.topic}: ${messageOf(outcome)}`);
    const succeeded = outcome === 'CONSUME_SUCCESS' ? Math.min(context.ackIndex + 1, entries.length) : 0;
    for (const entry of entries.slice(0, succeeded)) task.processQueue.finish(entry);
    if (succeeded === entries.length) return;
    const { delayLevelWhenNextConsume, retryProperties } = context;
    await this.deliverAgain(task, entries.slice(succeeded), delayLevelWhenNextConsume, retryProperties);
  }

  private async deliverAgain(
    task: ConsumeTask,
    failed: readonly CachedMessage[],
    delayLevel: number,
    retryProperties?: Readonly<Record<string, string>>,
  ): Promise<void> {
    if (failed.length === 0) return;
    const { processQueue } = task;
    const outcomes = await Promise.all(
      failed.map((entry) => this.sendBack.give(entry.message, processQueue.queue, delayLevel, retryProperties)),
    );
    const kept = failed.filter((entry, index) => {
      if (outcomes[index] === true) processQueue.finish(entry);
      else entry.message.reconsumeTimes += 1;
      return !entry.done;
    });
    if (kept.length > 0) this.retryHere(processQueue, kept);
  }

  /** Consumes messages here again that no broker took back. The committed offset does not pass them meanwhile. */
  private retryHere(processQueue: ProcessQueue, entries: readonly CachedMessage[]): void {
    if (this.stopped) return;
    const timer = setTimeout(() => {
      this.localRetries.delete(timer);
      this.submit(processQueue, entries);
    }, this.options.localRetryDelayMs);
    this.localRetries.add(timer);
  }

  /** For messages whose body cannot be inflated here. They must not stop their queue, and must not be lost. */
  private async sendToDeadLetterQueue(task: ConsumeTask, unreadable: readonly CachedMessage[]): Promise<void> {
    for (const { message } of unreadable) {
      this.logger.error(
        `message ${message.msgId} of ${message.topic} cannot be inflated; it goes to the dead letter queue`,
      );
    }
    await this.deliverAgain(task, unreadable, -1);
  }

  private expireTasks(): void {
    const limit = performance.now() - this.options.consumeTimeoutMs;
    for (const task of this.running) {
      if (task.expired || task.startedAt > limit || task.processQueue.dropped) continue;
      task.expired = true;
      const ids = task.entries.map((entry) => entry.message.msgId).join(', ');
      this.logger.warn(`listener of ${task.processQueue.queue.topic} ran into the consume timeout with ${ids}`);
      const unfinished = task.entries.filter((entry) => !entry.done);
      void this.deliverAgain(task, unfinished, EXPIRED_DELAY_LEVEL).then(() => this.onProgress(task.processQueue));
    }
  }
}
