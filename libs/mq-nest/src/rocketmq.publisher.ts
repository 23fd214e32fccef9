import type { OnApplicationShutdown } from '@nestjs/common';
import type { Driver, DriverMessage, DriverProducer, DriverSendResult } from './driver.js';
import {
  InvalidMessageError,
  NotConnectedError,
  PublishAllNotConfirmedError,
  PublishNotConfirmedError,
} from './errors.js';
import { encodeMessage, type EncodableMessage } from './message-encoder.js';
import type { RocketmqMessage, PublishReceipt } from './rocketmq-message.js';
import { checkOptions, DEFAULTS, type RocketmqPublisherOptions } from './rocketmq.config.js';
import { rocketmqDriver } from './rocketmq.driver.js';
import { currentTraceHeaders } from './trace-context.js';

/**
 * Sends messages. Connects with the first one, so that a service starts while its broker is away.
 * A promise that resolves means SEND_OK: stored, and flushed as safely as the broker was configured to.
 */
export class RocketmqPublisher implements OnApplicationShutdown {
  private readonly producer: DriverProducer;
  private readonly timeScale: number;
  private readonly traceHeaders: () => Readonly<Record<string, string>>;
  private starting: Promise<void> | undefined;
  private isConnected = false;
  private closed = false;
  private inFlight = 0;
  private whenIdle: (() => void) | undefined;

  constructor(options: RocketmqPublisherOptions, driver: Driver = rocketmqDriver) {
    checkOptions(options);
    this.timeScale = options.timeScale ?? DEFAULTS.timeScale;
    this.traceHeaders = options.traceHeaders ?? currentTraceHeaders;
    this.producer = driver.createProducer({
      namesrvAddr: options.namesrvAddr,
      instanceName: options.instanceName ?? DEFAULTS.instanceName,
      routeRefreshIntervalMs: options.routeRefreshIntervalMs ?? DEFAULTS.routeRefreshIntervalMs,
      producerGroup: options.producerGroup ?? DEFAULTS.producerGroup,
      sendTimeoutMs: options.sendTimeoutMs ?? DEFAULTS.sendTimeoutMs,
    });
  }

  /**
   * @throws {PublishNotConfirmedError} where the broker did not say SEND_OK; the message may be stored all the same
   * @throws {InvalidMessageError} where it can never be sent as it is
   */
  publish(message: RocketmqMessage): Promise<PublishReceipt> {
    return this.publishEncodable(message);
  }

  /**
   * Sends all; messages of one topic and order key one after the other, the rest at the same time. After a failure the later
   * ones of its order key are not sent. Receipts stand in the order of the messages.
   * @throws {PublishAllNotConfirmedError} with the outcome of each
   */
  async publishAll(messages: readonly RocketmqMessage[]): Promise<PublishReceipt[]> {
    const lastOfKey = new Map<string, Promise<PublishReceipt>>();
    const sends = messages.map((message) => {
      if (message.orderKey === undefined) return this.publish(message);
      const lane = `${message.topic} ${message.orderKey}`;
      const before = lastOfKey.get(lane);
      const send = before === undefined ? this.publish(message) : before.then(() => this.publish(message));
      lastOfKey.set(lane, send);
      return send;
    });
    const outcomes = await Promise.allSettled(sends);
    if (outcomes.some((outcome) => outcome.status === 'rejected')) throw new PublishAllNotConfirmedError(outcomes);
    return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  }

  /** As `publish`, for the record builder's delay by level. */
  async publishEncodable(message: EncodableMessage): Promise<PublishReceipt> {
    if (this.closed) throw new NotConnectedError('the publisher is closed');
    const encoded = encodeMessage(message, this.timeScale, this.traceHeaders());
    this.inFlight += 1;
    try {
      return await this.send(encoded, message.orderKey);
    } finally {
      this.inFlight -= 1;
      if (this.inFlight === 0) this.whenIdle?.();
    }
  }

  /** Connects now instead of with the first message. May be called again after it failed. */
  async connect(): Promise<void> {
    if (this.closed) throw new NotConnectedError('the publisher is closed');
    this.starting ??= this.producer.start();
    try {
      await this.starting;
      this.isConnected = true;
    } catch (error) {
      this.starting = undefined;
      throw error;
    }
  }

  /** Waits for the sends under way, then disconnects. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.inFlight > 0)
      await new Promise<void>((resolve) => {
        this.whenIdle = resolve;
      });
    if (this.starting !== undefined) await this.producer.shutdown();
  }

  /** Runs after Nest has closed its servers: a handler that is being drained may still publish. */
  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** The client library's Producer. */
  unwrap<T>(): T {
    return this.producer.native as T;
  }

  private async send(message: DriverMessage, orderKey: string | undefined): Promise<PublishReceipt> {
    let result: DriverSendResult;
    try {
      if (!this.isConnected) await this.connect();
      result = await this.producer.send(message, orderKey);
    } catch (error) {
      // The client checks what only it knows, such as the size limit.
      if (codeOf(error) === 'INVALID_MESSAGE')
        throw new InvalidMessageError((error as Error).message, { cause: error });
      throw new PublishNotConfirmedError(message.topic, 'SEND_FAILED', { cause: error });
    }
    if (result.sendStatus !== 'SEND_OK') throw new PublishNotConfirmedError(message.topic, result.sendStatus);
    return {
      messageId: result.msgId,
      topic: result.messageQueue.topic,
      queueId: result.messageQueue.queueId,
      queueOffset: result.queueOffset,
    };
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
