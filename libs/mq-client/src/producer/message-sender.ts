import { TooManySendsError } from '../client-error.js';
import type { ClientInstance } from '../instance/client-instance.js';
import type { TopicTemplate } from '../instance/route-table.js';
import { ROUTES_MAX } from '../instance/route-table.js';
import type { SendResult } from '../message.js';
import { FaultTable } from './fault-table.js';
import type { EncodedMessage } from './encoded-message.js';
import type { ResolvedProducerOptions } from './producer.config.js';
import { RoundRobin } from './queue-selector.js';
import { SendAttempts } from './send-attempts.js';
import type { QueueChoice, SendAttemptsHost, SendDone } from './send-attempts.js';
import { sendRequest } from './send-request.js';

/** Sends encoded messages: for producers, and for consumers that send a copy of a failed message. */
export class MessageSender implements SendAttemptsHost {
  readonly template: TopicTemplate;
  readonly faults: FaultTable;
  private readonly roundRobins = new Map<string, RoundRobin>();
  private inFlight = 0;
  private whenIdle: (() => void) | undefined;

  constructor(
    readonly instance: ClientInstance,
    readonly options: ResolvedProducerOptions,
  ) {
    this.template = { key: options.createTopicKey, queuesMax: options.defaultTopicQueueNums };
    this.faults = new FaultTable({
      countsLatency: options.sendLatencyFaultEnable,
      isSilent: (brokerName) => instance.isSilent(brokerName),
    });
  }

  /** The topics of all sends so far. */
  topics(): Iterable<string> {
    return this.roundRobins.keys();
  }

  /**
   * With a chosen queue there is one attempt only, because another queue would break the order of the caller's
   * messages.
   */
  send(message: EncodedMessage, timeoutMs: number, choose: QueueChoice | undefined): Promise<SendResult> {
    return new Promise<SendResult>((resolve, reject) => {
      this.sendWith(message, timeoutMs, choose, (error, result) => {
        if (result === undefined) reject(error ?? new Error('a send ended without an outcome'));
        else resolve(result);
      });
    });
  }

  /** Like send(), with a callback, which must not throw. */
  sendWith(message: EncodedMessage, timeoutMs: number, choose: QueueChoice | undefined, done: SendDone): void {
    if (this.inFlight >= this.options.maxSendsInFlight) {
      done(new TooManySendsError(this.options.maxSendsInFlight), undefined);
      return;
    }
    this.inFlight += 1;
    new SendAttempts(this, message, timeoutMs, choose, (error, result) => {
      this.inFlight -= 1;
      if (this.inFlight === 0) this.whenIdle?.();
      done(error, result);
    }).start();
  }

  /** Writes the message to the connection. The broker does not answer. */
  async sendOneway(message: EncodedMessage, choose: QueueChoice | undefined): Promise<void> {
    const { instance } = this;
    const route = instance.routes.peek(message.topic) ?? (await instance.routes.require(message.topic, this.template));
    const queue =
      choose === undefined
        ? this.roundRobinOf(message.topic).select(route.publishQueues, [], this.faults)
        : choose(route.publishQueues);
    const address = queue && (instance.routes.masterAddress(queue.brokerName) ?? (await instance.masterAddress(queue)));
    if (queue === undefined || address === undefined) {
      await instance.routes.require(message.topic, this.template);
      return;
    }
    const peer = instance.brokers.peek(address) ?? (await instance.brokers.get(address));
    peer.oneway(sendRequest(message, queue, this.options, true));
  }

  roundRobinOf(topic: string): RoundRobin {
    let roundRobin = this.roundRobins.get(topic);
    if (roundRobin === undefined) {
      if (this.roundRobins.size >= ROUTES_MAX) this.roundRobins.clear();
      this.roundRobins.set(topic, (roundRobin = new RoundRobin()));
    }
    return roundRobin;
  }

  /** Resolves when no send waits for its answer. Every send ends by its own time limit. */
  async idle(): Promise<void> {
    if (this.inFlight === 0) return;
    await new Promise<void>((resolve) => {
      this.whenIdle = resolve;
    });
  }
}
