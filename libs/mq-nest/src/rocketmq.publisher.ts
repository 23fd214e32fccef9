import type { OnApplicationShutdown } from '@nestjs/common';
import { messageOf, selectQueueByHash } from '@rocketshop/mq-client';
import type { Message, SendResult } from '@rocketshop/mq-client';
import { MessageAuthenticator } from './authentication/message-authenticator.js';
import type { Driver, DriverProducer } from './driver.js';
import {
  InvalidMessageError,
  NotConnectedError,
  PublishAllNotConfirmedError,
  PublishNotConfirmedError,
} from './errors.js';
import { encodeMessage } from './message-encoder.js';
import type { PublishReceipt, RocketmqMessage } from './rocketmq-message.js';
import { checkOptions, DEFAULTS, producerOptions } from './rocketmq.config.js';
import type { RocketmqPublisherOptions } from './rocketmq.config.js';
import { rocketmqDriver } from './rocketmq.driver.js';
import { currentTraceHeaders } from './trace-context.js';

/**
 * Sends messages. The first send connects, so that a service can start while its broker is down. A promise of `publish`
 * resolves on SEND_OK only: the message is stored, and flushed as safely as the broker is configured to.
 */
export class RocketmqPublisher implements OnApplicationShutdown {
  private readonly producer: DriverProducer;
  private readonly timeScale: number;
  private readonly traceHeaders: () => Readonly<Record<string, string>>;
  private readonly authenticator: MessageAuthenticator | undefined;
  private starting: Promise<void> | undefined;
  private isConnected = false;
  private closed = false;
  private inFlight = 0;
  private whenIdle: (() => void) | undefined;

  constructor(options: RocketmqPublisherOptions, driver: Driver = rocketmqDriver) {
    checkOptions(options);
    this.timeScale = options.timeScale ?? DEFAULTS.timeScale;
    this.traceHeaders = options.traceHeaders ?? currentTraceHeaders;
    this.authenticator = options.authentication && new MessageAuthenticator(options.authentication);
    this.producer = driver.createProducer(producerOptions(options));
  }

  /**
   * @throws {PublishNotConfirmedError} when the broker did not answer SEND_OK; the message may be stored all the same
   * @throws {InvalidMessageError} when sending the same message again cannot succeed
   */
  async publish(message: RocketmqMessage): Promise<PublishReceipt> {
    if (this.closed) throw new NotConnectedError('the publisher is closed');
    const encoded = encodeMessage(message, this.timeScale, this.traceHeaders());
    this.inFlight += 1;
    try {
      return await this.send(this.authenticator?.sign(encoded) ?? encoded, message.orderKey);
    } finally {
      this.inFlight -= 1;
      if (this.inFlight === 0) this.whenIdle?.();
    }
  }

  /**
   * Publishes messages of one topic and order key one after the other, and all others at the same time. When a message
   * fails, the later ones of its order key are not sent. The receipts have the order of the messages.
   * @throws {PublishAllNotConfirmedError} with the outcome of each message
   */
  async publishAll(messages: readonly RocketmqMessage[]): Promise<PublishReceipt[]> {
    const lastOfKey = new Map<string, Promise<PublishReceipt>>();
    const sends = messages.map((message) => {
      if (message.orderKey === undefined) return this.publish(message);
      const topicAndKey = `${message.topic} ${message.orderKey}`;
      const before = lastOfKey.get(topicAndKey);
      const send = before === undefined ? this.publish(message) : before.then(() => this.publish(message));
      lastOfKey.set(topicAndKey, send);
      return send;
    });
    const outcomes = await Promise.allSettled(sends);
    if (outcomes.some((outcome) => outcome.status === 'rejected')) throw new PublishAllNotConfirmedError(outcomes);
    return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  }

  /** Connects before the first message is sent. It may be called again after it failed. */
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

  /** Waits for the sends that have begun, then disconnects. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.inFlight > 0)
      await new Promise<void>((resolve) => {
        this.whenIdle = resolve;
      });
    if (this.starting !== undefined) await this.producer.shutdown();
  }

  /**
   * Nest calls this after it has closed its servers, so a handler that finishes during the shutdown can still publish.
   */
  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** The client library's Producer. */
  unwrap<T>(): T {
    return this.producer as T;
  }

  private async send(message: Message, orderKey: string | undefined): Promise<PublishReceipt> {
    let result: SendResult;
    try {
      if (!this.isConnected) await this.connect();
      const options = orderKey === undefined ? undefined : { selector: selectQueueByHash, arg: orderKey };
      result = await this.producer.send(message, options);
    } catch (error) {
      // Some rules, such as the size limit, are checked by the client library only.
      if (codeOf(error) === 'INVALID_MESSAGE') throw new InvalidMessageError(messageOf(error), { cause: error });
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
