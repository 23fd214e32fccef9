import { asError } from '@rocketshop/mq-protocol';
import { InvalidMessageError, InvalidStateError } from '../client-error.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { leaseInstance } from '../instance/instance-registry.js';
import type { InstanceLease } from '../instance/instance-registry.js';
import { sameQueue } from '../message.js';
import type { Message, MessageQueue, SendCallback, SendOptions, SendResult } from '../message.js';
import { MessageSender } from './message-sender.js';
import { encodeBatch, encodeMessage } from './encoded-message.js';
import type { EncodedMessage } from './encoded-message.js';
import { resolveProducerOptions, sendTimeoutMs } from './producer.config.js';
import type { ProducerOptions, ResolvedProducerOptions } from './producer.config.js';
import type { QueueChoice } from './send-attempts.js';

interface Running {
  lease: InstanceLease;
  instance: ClientInstance;
  sender: MessageSender;
}

/**
 * Sends messages. constructed -> start() -> sending -> shutdown(); a producer that was shut down can be started again.
 * Source: client/impl/producer/DefaultMQProducerImpl.java.
 */
export class Producer {
  readonly options: ResolvedProducerOptions;
  private running: Running | undefined;

  /** @throws InvalidOptionsError naming every problem */
  constructor(options: ProducerOptions) {
    this.options = resolveProducerOptions(options);
  }

  get started(): boolean {
    return this.running !== undefined;
  }

  /** Works while no name server and no broker runs. @throws DuplicateGroupError */
  async start(): Promise<void> {
    if (this.running !== undefined) throw new InvalidStateError(`producer ${this.options.producerGroup} runs already`);
    const lease = leaseInstance(this.options.client);
    const sender = new MessageSender(lease.instance, this.options);
    try {
      lease.instance.members.addProducer({
        group: this.options.producerGroup,
        template: sender.template,
        topics: () => sender.topics(),
      });
    } catch (error) {
      await lease.release();
      throw error;
    }
    this.running = { lease, instance: lease.instance, sender };
    // A connection that other clients of this instance opened must hear of the new group. A new one begins with a
    // heartbeat.
    await lease.instance.heartbeats.sendToAllBrokers();
  }

  /** Refuses new sends, waits until every open send has its answer or timed out, then unregisters the group. */
  async shutdown(): Promise<void> {
    const { running } = this;
    if (running === undefined) return;
    this.running = undefined;
    await running.sender.idle();
    await running.instance.unregister({ producerGroup: this.options.producerGroup });
    await running.lease.release();
  }

  /**
   * Resolves with any status that means "stored". The caller must look at `sendStatus`.
   * @throws InvalidMessageError, BrokerRefusedError, NoRouteError, NoNameServerError, ConnectionError,
   *   SendTimeoutError, TooManySendsError, InvalidStateError
   */
  send(message: Message, options?: SendOptions): Promise<SendResult> {
    try {
      return this.transmit(encodeMessage(message, this.options), message, options);
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  /** Like send(), with a callback for the outcome. It never throws. */
  sendAsync(message: Message, callback: SendCallback, options?: SendOptions): void {
    // An error that the callback throws must be an uncaught exception; it must not break the connection that read the
    // answer.
    const done: SendCallback = (error, result) => queueMicrotask(() => callback(error, result));
    try {
      const outgoing = encodeMessage(message, this.options);
      const timeoutMs = sendTimeoutMs(options, this.options);
      this.required().sender.sendWith(outgoing, timeoutMs, queueChoice(message, options), done);
    } catch (error) {
      done(asError(error), undefined);
    }
  }

  /** The broker stores all messages in one queue, or none. They must have one topic and no delay. */
  sendBatch(messages: readonly Message[], options?: SendOptions): Promise<SendResult> {
    try {
      const outgoing = encodeBatch(messages, this.options);
      const first = messages[0];
      if (first === undefined) throw new InvalidMessageError('a batch needs at least one message');
      return this.transmit(outgoing, first, options);
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  /** Resolves when the message is written to the connection. The broker does not answer, so the message may be lost. */
  async sendOneway(message: Message, options?: SendOptions): Promise<void> {
    const outgoing = encodeMessage(message, this.options);
    await this.required().sender.sendOneway(outgoing, queueChoice(message, options));
  }

  /** The writable queues of the topic. @throws NoRouteError */
  async fetchPublishMessageQueues(topic: string): Promise<MessageQueue[]> {
    const { instance, sender } = this.required();
    return [...(await instance.routes.require(topic, sender.template)).publishQueues];
  }

  private transmit(outgoing: EncodedMessage, message: Message, options: SendOptions | undefined): Promise<SendResult> {
    const timeoutMs = sendTimeoutMs(options, this.options);
    return this.required().sender.send(outgoing, timeoutMs, queueChoice(message, options));
  }

  private required(): Running {
    if (this.running === undefined) {
      throw new InvalidStateError(`producer ${this.options.producerGroup} is not running`);
    }
    return this.running;
  }
}

function queueChoice(message: Message, options: SendOptions | undefined): QueueChoice | undefined {
  if (options?.queue !== undefined) {
    const { queue } = options;
    if (queue.topic !== message.topic) {
      throw new InvalidMessageError(`the queue is of topic ${queue.topic}, the message of ${message.topic}`);
    }
    return () => queue;
  }
  if (options?.selector === undefined) return undefined;
  const { selector, arg } = options;
  return (queues) => {
    const chosen = selector(queues, message, arg);
    const known = queues.find((queue) => sameQueue(queue, chosen));
    if (known === undefined)
      throw new InvalidMessageError(`the selector chose a queue that ${message.topic} does not have`);
    return known;
  };
}
