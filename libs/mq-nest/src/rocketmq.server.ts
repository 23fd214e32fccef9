import { Logger } from '@nestjs/common';
import { Server, type BaseRpcContext, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { finalize, isObservable, lastValueFrom } from 'rxjs';
import { findDelayLevel, LONGEST_LEVEL } from './delay-ladder.js';
import { DeliveryCounters, type DeliveryCounts, type DiscardEvent, type FailureEvent } from './delivery-events.js';
import type { Driver, DriverConsumer, DriverContext } from './driver.js';
import { MessagingConfigurationError, NoHandlerError, NotConnectedError } from './errors.js';
import { ROCKETMQ_TRANSPORT, type RocketmqHandlerExtras, type RocketmqStatus } from './handler-extras.js';
import { HandlerTable } from './handler-table.js';
import { describeFailure, DiscardMessageError, RetryMessageError, toFailureProperties } from './outcome.js';
import { decodePayload } from './payload.js';
import { RocketmqContext, type DeliveredMessage } from './rocketmq.context.js';
import { checkOptions, DEFAULTS, type RocketmqServerOptions } from './rocketmq.config.js';
import { rocketmqDriver } from './rocketmq.driver.js';
import { isMaskedByDefaultFilter } from './rocketmq.exception-filter.js';
import { runInTrace } from './trace-context.js';

/** What `server.on(event, listener)` tells. A type, not an interface: Nest asks for an index signature. */
export type RocketmqServerEvents = {
  discard: (event: DiscardEvent) => void;
  failure: (event: FailureEvent) => void;
};

/**
 * Nest strategy that delivers RocketMQ messages to `@EventPattern(topic, { group, tag })` handlers.
 * One push consumer per group, one message per call, outcomes as in outcome.ts. `@MessagePattern` handlers of the same
 * application are left to its other transports.
 */
export class RocketmqServer extends Server<RocketmqServerEvents, RocketmqStatus> implements CustomTransportStrategy {
  override transportId: symbol = ROCKETMQ_TRANSPORT;
  // Else Nest logs each failure a second time.
  override readonly propagatesEventHandlerErrors = true;
  protected override readonly logger = new Logger(RocketmqServer.name);
  /**
   * Nest calls this hook around every delivery; here it puts the delivery into the trace of its message. An application that
   * keeps traces of its own replaces the hook with `setOnProcessingStartHook`, so that a delivery enters one store only.
   */
  protected override onProcessingStartHook = (
    _transport: unknown,
    context: BaseRpcContext,
    done: () => Promise<unknown>,
  ): unknown => runInTrace((context as RocketmqContext).getHeaders(), done);

  private readonly table: HandlerTable;
  private readonly consumers = new Map<string, DriverConsumer>();
  private readonly counters = new DeliveryCounters();
  private readonly listeners: { [E in keyof RocketmqServerEvents]: RocketmqServerEvents[E][] };
  private currentStatus: RocketmqStatus | undefined;
  private maskWasExplained = false;
  private starting: Promise<void> | undefined;
  private isClosing = false;

  constructor(
    private readonly options: RocketmqServerOptions,
    private readonly driver: Driver = rocketmqDriver,
  ) {
    super();
    checkOptions(options);
    this.table = new HandlerTable(options.group);
    this.listeners = {
      discard: options.onDiscard === undefined ? [] : [options.onDiscard],
      failure: options.onFailure === undefined ? [] : [options.onFailure],
    };
  }

  override addHandler(
    pattern: unknown,
    handler: MessageHandler,
    isEventHandler = false,
    extras: RocketmqHandlerExtras = {},
  ): void {
    // In a hybrid application Nest offers every handler to every transport.
    if (!isEventHandler) return;
    handler.isEventHandler = true;
    handler.extras = extras;
    this.table.add(pattern, handler, extras);
    this.messageHandlers.set(JSON.stringify([pattern, extras.group ?? this.options.group, extras.tag]), handler);
  }

  override async listen(callback: (error?: unknown) => void): Promise<void> {
    this.isClosing = false;
    this.starting = this.start();
    try {
      await this.starting;
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  /**
   * Stops pulling, lets running handlers finish, commits their offsets, leaves the groups. While the server is still
   * connecting, which takes its time where no name server answers, the consumers that have started are stopped again.
   */
  override async close(): Promise<void> {
    this.isClosing = true;
    await this.starting?.catch(() => undefined);
    if (this.currentStatus !== 'connected') return;
    this.setStatus('draining');
    await this.shutdownConsumers();
    this.setStatus('closed');
  }

  override on<E extends keyof RocketmqServerEvents>(event: E, listener: RocketmqServerEvents[E]): void {
    this.listeners[event].push(listener);
  }

  /** The client library's push consumers by group, as `Map<string, PushConsumer>`. */
  override unwrap<T>(): T {
    if (this.currentStatus === undefined) throw new NotConnectedError('the server has not been started');
    return new Map([...this.consumers].map(([group, consumer]) => [group, consumer.native])) as T;
  }

  /** Deliveries since the start, by group and topic. */
  deliveryCounts(): DeliveryCounts[] {
    return this.counters.all();
  }

  /** The last status; undefined before the start. */
  statusNow(): RocketmqStatus | undefined {
    return this.currentStatus;
  }

  private async start(): Promise<void> {
    if (this.table.problems.length > 0) throw new MessagingConfigurationError(this.table.problems);
    this.setStatus('connecting');
    try {
      for (const group of this.table.groupNames()) if (!this.isClosing) await this.startConsumer(group);
    } catch (error) {
      await this.shutdownConsumers();
      this.setStatus('closed');
      throw error;
    }
    this.setStatus('connected');
  }

  private async startConsumer(group: string): Promise<void> {
    const consumer = this.driver.createConsumer({
      group,
      namesrvAddr: this.options.namesrvAddr,
      instanceName: this.options.instanceName ?? DEFAULTS.instanceName,
      routeRefreshIntervalMs: this.options.routeRefreshIntervalMs ?? DEFAULTS.routeRefreshIntervalMs,
      concurrency: this.options.concurrency ?? DEFAULTS.concurrency,
      maxReconsumeTimes: this.maxReconsumeTimes,
      startFrom: this.options.startFrom ?? DEFAULTS.startFrom,
      drainTimeoutMs: this.options.drainTimeoutMs ?? DEFAULTS.drainTimeoutMs,
    });
    this.consumers.set(group, consumer);
    for (const { topic, expression } of this.table.subscriptions(group)) consumer.subscribe(topic, expression);
    await consumer.start((message, context) => this.deliver(group, message, context));
  }

  private async shutdownConsumers(): Promise<void> {
    const outcomes = await Promise.allSettled([...this.consumers.values()].map((consumer) => consumer.shutdown()));
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') this.logger.error(`a consumer did not shut down cleanly: ${outcome.reason}`);
    this.consumers.clear();
  }

  private async deliver(
    group: string,
    message: DeliveredMessage,
    driverContext: DriverContext,
  ): Promise<'CONSUME_SUCCESS' | 'RECONSUME_LATER'> {
    const context = new RocketmqContext([message, group]);
    try {
      await this.handle(context);
      this.counters.of(group, message.topic).done += 1;
      return 'CONSUME_SUCCESS';
    } catch (error) {
      if (error instanceof DiscardMessageError) {
        this.recordDiscard(context, error);
        return 'CONSUME_SUCCESS';
      }
      this.recordFailure(context, error, driverContext);
      return 'RECONSUME_LATER';
    }
  }

  /** Rejects or throws with what the handler, or the way to it, failed of. */
  private handle(context: RocketmqContext): Promise<void> {
    const topic = context.getTopic();
    const group = context.getGroup();
    const tag = context.getTag();
    const handler = this.table.find(group, topic, tag);
    if (handler === undefined) throw new NoHandlerError(`group ${group} has no handler for topic ${topic}, tag ${tag}`);
    const payload = decodePayload(context.getMessage().body, context.getHeaders());
    return this.runHandler(handler, payload, context);
  }

  /**
   * Awaits the handler's whole stream between Nest's processing hooks. The base class would start the stream and look away:
   * the offset would move on while the handler still runs or fails. The outcome leaves through a promise of our own, because
   * a start hook is free to return nothing.
   */
  private runHandler(handler: MessageHandler, payload: unknown, context: RocketmqContext): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const hook: unknown = this.runWithProcessingHooks(context, async (runEndHook) => {
        try {
          const result: unknown = await handler(payload, context);
          if (isObservable(result)) await lastValueFrom(result.pipe(finalize(runEndHook)), { defaultValue: undefined });
          resolve();
        } catch (error) {
          reject(error as Error);
        } finally {
          runEndHook();
        }
      });
      if (hook instanceof Promise) hook.catch(reject);
    });
  }

  private recordDiscard(context: RocketmqContext, error: DiscardMessageError): void {
    this.counters.of(context.getGroup(), context.getTopic()).discarded += 1;
    this.logger.warn(`discarded ${describe(context)}: ${error.message}`);
    this.tell('discard', { ...identify(context), reason: error.message });
  }

  private recordFailure(context: RocketmqContext, error: unknown, driverContext: DriverContext): void {
    this.counters.of(context.getGroup(), context.getTopic()).failed += 1;
    const failure = describeFailure(error, context.getGroup(), new Date());
    driverContext.retryProperties = toFailureProperties(failure);
    if (error instanceof RetryMessageError && error.delayMs !== undefined)
      driverContext.delayLevelWhenNextConsume =
        findDelayLevel(error.delayMs, this.options.timeScale ?? DEFAULTS.timeScale) ?? LONGEST_LEVEL;
    const lastAttempt = context.getReconsumeTimes() >= this.maxReconsumeTimes;
    const reason = `${failure.errorClass}: ${failure.message}`;
    if (lastAttempt)
      this.logger.error(`gave up ${describe(context)}, it goes to %DLQ%${failure.group}: ${reason}`, failure.stack);
    else this.logger.warn(`failed ${describe(context)}, it will be delivered again: ${reason}`);
    this.explainMask(error);
    this.tell('failure', { ...identify(context), failure, error, lastAttempt });
  }

  private explainMask(error: unknown): void {
    if (this.maskWasExplained || !isMaskedByDefaultFilter(error)) return;
    this.maskWasExplained = true;
    this.logger.warn(
      "Nest's default filter hid the reason of a failure: import RocketmqModule, or put @UseFilters(RocketmqExceptionFilter) on the handler",
    );
  }

  private tell<E extends keyof RocketmqServerEvents>(event: E, value: Parameters<RocketmqServerEvents[E]>[0]): void {
    for (const listener of this.listeners[event] as ((value: Parameters<RocketmqServerEvents[E]>[0]) => void)[]) {
      try {
        listener(value);
      } catch (error) {
        // A broken observer must not decide what becomes of the message.
        this.logger.error(`a listener of '${event}' threw: ${String(error)}`);
      }
    }
  }

  private setStatus(status: RocketmqStatus): void {
    this.currentStatus = status;
    this._status$.next(status);
  }

  private get maxReconsumeTimes(): number {
    return this.options.maxReconsumeTimes ?? DEFAULTS.maxReconsumeTimes;
  }
}

function identify(context: RocketmqContext): Omit<DiscardEvent, 'reason'> {
  return {
    topic: context.getTopic(),
    group: context.getGroup(),
    tag: context.getTag(),
    key: context.getKey(),
    messageId: context.getMessageId(),
    reconsumeTimes: context.getReconsumeTimes(),
  };
}

function describe(context: RocketmqContext): string {
  const key = context.getKey();
  return `${context.getTopic()} ${key ?? context.getMessageId()} in group ${context.getGroup()} (attempt ${context.getReconsumeTimes() + 1})`;
}
