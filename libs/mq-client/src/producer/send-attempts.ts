import { asError } from '@rocketshop/mq-protocol';
import type { AnswerHandler, FrameView, Peer } from '@rocketshop/mq-protocol';
import { BrokerNotFoundError, ConnectionError, NoRouteError, SendTimeoutError } from '../client-error.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { translateError } from '../instance/connections.js';
import type { TopicTemplate } from '../instance/route-table.js';
import type { TopicRoute } from '../instance/topic-route.js';
import type { MessageQueue, SendResult } from '../message.js';
import type { EncodedMessage } from './encoded-message.js';
import type { FaultTable } from './fault-table.js';
import type { ResolvedProducerOptions } from './producer.config.js';
import type { RoundRobin } from './queue-selector.js';
import { delayBeforeRetry } from './retry-policy.js';
import { readSendAnswer, sendRequest } from './send-request.js';

/** The part of a MessageSender that its attempts use. */
export interface SendAttemptsHost {
  readonly instance: ClientInstance;
  readonly options: ResolvedProducerOptions;
  readonly template: TopicTemplate;
  readonly faults: FaultTable;
  roundRobinOf(topic: string): RoundRobin;
}

/** A broker that takes longer is worse than another one. A broker that takes less may only pause, for example for its disk. */
const SHARE_MIN_MS = 500;

export type QueueChoice = (queues: readonly MessageQueue[]) => MessageQueue;

export type SendDone = (error: Error | undefined, result: SendResult | undefined) => void;

/**
 * One send and its attempts: route -> queue -> connection -> request -> answer. After a failure the next attempt begins
 * at "queue", until the retry policy ends the send. The object is the handler of its own answer, so that a send with a
 * known route and an open connection needs no promise besides the caller's.
 *
 * The connection and the answer of an attempt may take its share of the time that is left. Then the broker is suspected to
 * say nothing, and the send goes on to another broker. Only an attempt without another broker to try may take all the time.
 */
export class SendAttempts implements AnswerHandler {
  private readonly startedAt = performance.now();
  private attempts = 0;
  private transmitted = 0;
  /** The last one last. */
  private readonly failedBrokers: string[] = [];
  private lastError: Error | undefined;
  private settled = false;
  private deadline: NodeJS.Timeout | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private connectTimer: NodeJS.Timeout | undefined;
  /** The queue of the present attempt. */
  private queue: MessageQueue | undefined;
  private address = '';
  private sentAt = 0;
  /** The present attempt has used up its share, and was given the rest of the time. */
  private hasMoreTime = false;
  /** The present attempt has used up its share, and another broker can be tried, whatever the number of attempts. */
  private goesOn = false;

  constructor(
    private readonly sender: SendAttemptsHost,
    private readonly message: EncodedMessage,
    private readonly timeoutMs: number,
    private readonly choose: QueueChoice | undefined,
    private readonly done: SendDone,
  ) {}

  start(): void {
    const { routes } = this.sender.instance;
    const { topic } = this.message;
    const route = routes.peek(topic);
    if (route !== undefined && route.publishQueues.length > 0) {
      this.attempt(route);
      return;
    }
    this.armDeadline();
    routes.refresh(topic, this.sender.template).then(
      (fresh) => {
        if (fresh === undefined || fresh.publishQueues.length === 0) this.settle(new NoRouteError(topic), undefined);
        else this.attempt(fresh);
      },
      (error: unknown) => this.settle(asError(error), undefined),
    );
  }

  onAnswer(view: FrameView): void {
    const { queue } = this;
    if (this.settled || queue === undefined) return;
    const answer = this.read(view, queue);
    if (answer instanceof Error) {
      this.failed(answer);
      return;
    }
    this.sender.instance.brokers.silent.answered(this.address);
    this.sender.faults.answered(queue.brokerName, performance.now() - this.sentAt);
    const { retryAnotherBrokerWhenNotStoreOK } = this.sender.options;
    if (retryAnotherBrokerWhenNotStoreOK && answer.sendStatus !== 'SEND_OK' && this.attempts < this.attemptsMax) {
      this.failedBrokers.push(queue.brokerName);
      this.attemptAgain();
      return;
    }
    this.settle(undefined, answer);
  }

  onFailure(error: Error): void {
    this.failed(translateError(error, this.address, this.timeoutMs));
  }

  /** The share of the present attempt is used up. */
  moreTime(): number | undefined {
    if (this.settled || this.hasMoreTime) return undefined;
    this.suspect();
    this.goesOn = this.canGoOn();
    if (this.goesOn) return undefined;
    this.hasMoreTime = true;
    return Math.max(1, this.remainingMs());
  }

  private read(view: FrameView, queue: MessageQueue): SendResult | Error {
    try {
      return readSendAnswer(view, this.message, queue, this.address);
    } catch (error) {
      return asError(error);
    }
  }

  private attempt(route: TopicRoute): void {
    if (this.settled) return;
    try {
      this.queue = this.chooseQueue(route);
    } catch (error) {
      this.settle(asError(error), undefined);
      return;
    }
    this.attempts += 1;
    const { instance } = this.sender;
    const address = instance.routes.masterAddress(this.queue.brokerName);
    if (address === undefined) {
      this.failed(new BrokerNotFoundError(this.queue.brokerName));
      return;
    }
    this.address = address;
    const peer = instance.brokers.peek(address);
    if (peer !== undefined) {
      this.transmit(peer, this.queue);
      return;
    }
    this.connect(address, this.queue);
  }

  private connect(address: string, queue: MessageQueue): void {
    this.armDeadline();
    const attempt = this.attempts;
    // The connection may open when the send has gone on to another broker.
    const isPresent = (): boolean => attempt === this.attempts && this.connectTimer !== undefined;
    const shareMs = this.shareMs();
    this.connectTimer = setTimeout(() => {
      this.suspect();
      this.goesOn = this.canGoOn();
      if (!this.goesOn) return;
      this.connectTimer = undefined;
      this.failed(new ConnectionError(address, `no connection within ${Math.round(shareMs)} ms`));
    }, shareMs);
    this.sender.instance.brokers.get(address).then(
      (opened) => {
        if (isPresent()) this.transmit(opened, queue);
      },
      (error: unknown) => {
        if (isPresent()) this.failed(asError(error));
      },
    );
  }

  private attemptAgain(): void {
    const route = this.sender.instance.routes.peek(this.message.topic);
    if (route === undefined || route.publishQueues.length === 0) {
      this.settle(new NoRouteError(this.message.topic, this.lastError), undefined);
    } else this.attempt(route);
  }

  private chooseQueue(route: TopicRoute): MessageQueue {
    if (this.choose !== undefined) return this.choose(route.publishQueues);
    const queue = this.sender
      .roundRobinOf(route.topic)
      .select(route.publishQueues, this.failedBrokers, this.sender.faults);
    if (queue === undefined) throw new NoRouteError(route.topic);
    return queue;
  }

  private transmit(peer: Peer, queue: MessageQueue): void {
    if (this.settled) return;
    this.endConnecting();
    this.transmitted += 1;
    this.hasMoreTime = false;
    this.sentAt = performance.now();
    const request = sendRequest(this.message, queue, this.sender.options, false);
    peer.requestWith(request, this.shareMs(), this);
  }

  private failed(error: Error): void {
    const { queue } = this;
    if (this.settled || queue === undefined) return;
    this.endConnecting();
    this.lastError = error;
    this.failedBrokers.push(queue.brokerName);
    this.sender.faults.failed(queue.brokerName);
    this.sender.instance.routes.refreshSoon(this.message.topic);
    const delayMs = delayBeforeRetry(error, {
      attempts: this.attempts,
      transmitted: this.transmitted,
      attemptsMax: this.goesOn ? Infinity : this.attemptsMax,
      remainingMs: this.remainingMs(),
      backoffMs: this.sender.options.retryBackoffMs,
      otherBrokerAvailable: this.hasOtherBroker((name) => this.sender.faults.available(name)),
    });
    this.goesOn = false;
    if (delayMs === undefined) {
      this.giveUp(error);
      return;
    }
    this.armDeadline();
    // The next attempt begins in a later turn of the event loop, because a failure may be reported within the attempt
    // itself.
    this.retryTimer = setTimeout(() => this.attemptAgain(), delayMs);
  }

  private suspect(): void {
    this.sender.instance.brokers.silent.suspect(this.address, this.shareMs());
  }

  /**
   * Whether another broker can be tried now. Brokers that say nothing do not count as attempts while one is untried, and the
   * number of attempts has no limit while nothing was sent.
   */
  private canGoOn(): boolean {
    const answers = (name: string): boolean => !this.sender.instance.isSilent(name);
    if (this.hasOtherBroker((name) => answers(name) && !this.failedBrokers.includes(name))) return true;
    return (this.transmitted === 0 || this.attempts < this.attemptsMax) && this.hasOtherBroker(answers);
  }

  private hasOtherBroker(accept: (brokerName: string) => boolean): boolean {
    if (this.choose !== undefined) return false;
    const queues = this.sender.instance.routes.peek(this.message.topic)?.publishQueues ?? [];
    return queues.some(({ brokerName }) => brokerName !== this.queue?.brokerName && accept(brokerName));
  }

  private giveUp(error: Error): void {
    const timedOut = this.transmitted > 0 && this.remainingMs() <= 1;
    this.settle(timedOut ? this.timeoutError(error) : error, undefined);
  }

  private get attemptsMax(): number {
    return this.choose === undefined ? 1 + this.sender.options.retryTimesWhenSendFailed : 1;
  }

  /** The share of an attempt in the time that is left: every broker can have one, and a slow broker gets time to answer. */
  private shareMs(): number {
    const remainingMs = this.remainingMs();
    const brokers = this.sender.instance.routes.peek(this.message.topic)?.brokers.size ?? 1;
    const shares = Math.max(2, brokers - this.failedBrokers.length);
    return Math.max(1, remainingMs / shares, Math.min(remainingMs / 2, SHARE_MIN_MS));
  }

  private endConnecting(): void {
    clearTimeout(this.connectTimer);
    this.connectTimer = undefined;
  }

  private remainingMs(): number {
    return this.timeoutMs - (performance.now() - this.startedAt);
  }

  /** The timer is for steps that wait for a route or a connection. An answer has the time limit of its request. */
  private armDeadline(): void {
    this.deadline ??= setTimeout(() => {
      const neverSent = this.transmitted === 0 && this.lastError instanceof ConnectionError;
      this.settle(neverSent ? this.lastError : this.timeoutError(this.lastError), undefined);
    }, this.remainingMs());
  }

  private timeoutError(cause: unknown): SendTimeoutError {
    return new SendTimeoutError(this.message.topic, this.timeoutMs, this.attempts, this.transmitted > 0, cause);
  }

  private settle(error: Error | undefined, result: SendResult | undefined): void {
    if (this.settled) return;
    this.settled = true;
    clearTimeout(this.deadline);
    clearTimeout(this.retryTimer);
    this.endConnecting();
    this.done(error, result);
  }
}
