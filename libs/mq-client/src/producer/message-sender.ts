import { TooManySendsError } from '../client-error.js';
import type { ClientInstance } from '../instance/client-instance.js';
import type { TopicTemplate } from '../instance/route-table.js';
import { ROUTES_MAX } from '../instance/route-table.js';
import type { MessageQueue, SendResult } from '../message.js';
import { FaultTable } from './fault-table.js';
import type { EncodedMessage } from './encoded-message.js';
import { RoundRobin } from './queue-selector.js';
import { SendAttempts, type SendDone } from './send-attempts.js';
import { sendRequest, type SendIdentity } from './send-request.js';

export interface SenderOptions extends SendIdentity {
  retryTimesWhenSendFailed: number;
  retryAnotherBrokerWhenNotStoreOK: boolean;
  retryBackoffMs: number;
  sendLatencyFaultEnable: boolean;
  maxSendsInFlight: number;
}

export type QueueChoice = (queues: readonly MessageQueue[]) => MessageQueue;

/** Sends prepared messages: finds the route, chooses a queue, tries again. Shared by producers and the retry of consumers. */
export class MessageSender {
  readonly template: TopicTemplate;
  readonly faults: FaultTable | undefined;
  private readonly turns = new Map<string, RoundRobin>();
  private inFlight = 0;
  private whenIdle: (() => void) | undefined;

  constructor(
    readonly instance: ClientInstance,
    readonly options: SenderOptions,
  ) {
    this.template = { key: options.createTopicKey, queuesMax: options.defaultTopicQueueNums };
    this.faults = options.sendLatencyFaultEnable ? new FaultTable() : undefined;
  }

  /** Topics sent to so far. */
  topics(): Iterable<string> {
    return this.turns.keys();
  }

  /** A chosen queue is tried once only: another one would break the order the caller is after. */
  send(message: EncodedMessage, timeoutMs: number, choose: QueueChoice | undefined): Promise<SendResult> {
    return new Promise<SendResult>((resolve, reject) => {
      this.sendWith(message, timeoutMs, choose, (error, result) => {
        if (result === undefined) reject(error ?? new Error('a send ended without an outcome'));
        else resolve(result);
      });
    });
  }

  /** As send(), with a callback, which must not throw. */
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

  /** Writes the message to the connection and hears nothing of it. */
  async sendOneway(message: EncodedMessage, choose: QueueChoice | undefined): Promise<void> {
    const { instance } = this;
    const route = instance.routes.peek(message.topic) ?? (await instance.routes.require(message.topic, this.template));
    const queue =
      choose === undefined
        ? this.turnOf(message.topic).select(route.publishQueues, undefined, this.faults)
        : choose(route.publishQueues);
    const address = queue && (instance.routes.masterAddress(queue.brokerName) ?? (await instance.masterAddress(queue)));
    if (queue === undefined || address === undefined) {
      await instance.routes.require(message.topic, this.template);
      return;
    }
    const peer = instance.brokers.peek(address) ?? (await instance.brokers.get(address));
    peer.oneway(sendRequest(message, queue, this.options, true));
  }

  turnOf(topic: string): RoundRobin {
    let turn = this.turns.get(topic);
    if (turn === undefined) {
      if (this.turns.size >= ROUTES_MAX) this.turns.clear();
      this.turns.set(topic, (turn = new RoundRobin()));
    }
    return turn;
  }

  /** Resolves when no send waits for its answer; each send ends by its own time-out. */
  async idle(): Promise<void> {
    if (this.inFlight === 0) return;
    await new Promise<void>((resolve) => {
      this.whenIdle = resolve;
    });
  }
}
