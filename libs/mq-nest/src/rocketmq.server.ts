import { Logger } from '@nestjs/common';
import { Server } from '@nestjs/microservices';
import type { BaseRpcContext, CustomTransportStrategy, MessageHandler } from '@nestjs/microservices';
import { isThrown, messageOf } from '@rocketshop/mq-client';
import type { ConsumeContext, ConsumeStatus, MessageExt } from '@rocketshop/mq-client';
import { finalize, isObservable, lastValueFrom } from 'rxjs';
import { MessageAuthenticator } from './authentication/message-authenticator.js';
import type { DeliveryCounts } from './delivery-events.js';
import { DeliveryOutcomes } from './delivery-outcomes.js';
import type { RocketmqServerEvents } from './delivery-outcomes.js';
import type { Driver, DriverConsumer } from './driver.js';
import { MessagingConfigurationError, NoHandlerError, NotConnectedError } from './errors.js';
import { ROCKETMQ_TRANSPORT } from './handler-extras.js';
import type { RocketmqHandlerExtras, RocketmqStatus } from './handler-extras.js';
import { HandlerTable } from './handler-table.js';
import { observeServer } from './delivery-metrics.js';
import type { ObserveHandler } from './delivery-metrics.js';
import { DiscardMessageError } from './outcome.js';
import { decodePayload } from './payload.js';
import { RocketmqContext } from './rocketmq.context.js';
import { checkOptions, consumerOptions } from './rocketmq.config.js';
import type { RocketmqServerOptions } from './rocketmq.config.js';
import { rocketmqDriver } from './rocketmq.driver.js';
import { runInTrace } from './trace-context.js';

/**
 * Nest strategy that delivers RocketMQ messages to `@EventPattern(topic, { group, tag })` handlers. Each group has one
 * push consumer. Each call of a handler gets one message; outcome.ts lists what a handler can answer. The strategy
 * leaves `@MessagePattern` handlers to the other transports of the application.
 */
export class RocketmqServer extends Server<RocketmqServerEvents, RocketmqStatus> implements CustomTransportStrategy {
  override transportId: symbol = ROCKETMQ_TRANSPORT;
  // Without this Nest logs every failure a second time.
  override readonly propagatesEventHandlerErrors = true;
  protected override readonly logger = new Logger(RocketmqServer.name);
  /**
   * Nest calls this hook around every delivery; here it puts the delivery into the trace of its message. An application
   * that keeps traces itself replaces the hook with `setOnProcessingStartHook`, so that a delivery enters one store
   * only.
   */
  protected override onProcessingStartHook = (
    _transport: unknown,
    context: BaseRpcContext,
    done: () => Promise<unknown>,
  ): unknown => runInTrace((context as RocketmqContext).getHeaders(), done);

  private readonly table: HandlerTable;
  private readonly consumers = new Map<string, DriverConsumer>();
  private readonly outcomes: DeliveryOutcomes;
  private readonly authenticator: MessageAuthenticator | undefined;
  private readonly observeHandler: ObserveHandler | undefined;
  private currentStatus: RocketmqStatus | undefined;
  private starting: Promise<void> | undefined;
  private isClosing = false;

  constructor(
    private readonly options: RocketmqServerOptions,
    private readonly driver: Driver = rocketmqDriver,
  ) {
    super();
    checkOptions(options);
    this.table = new HandlerTable(options.group);
    this.outcomes = new DeliveryOutcomes(options, this.logger, (group, topic) => this.table.has(group, topic));
    this.authenticator = options.authentication && new MessageAuthenticator(options.authentication);
    this.observeHandler = options.registry && observeServer(() => this.deliveryCounts(), options.registry);
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
   * Stops pulling, waits for running handlers, commits their offsets and leaves the groups. When the server is still
   * connecting, which takes long where no name server answers, close() waits for that and stops the consumers it
   * started.
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
    this.outcomes.on(event, listener);
  }

  /** The client library's push consumers by group, as `Map<string, PushConsumer>`. */
  override unwrap<T>(): T {
    if (this.currentStatus === undefined) throw new NotConnectedError('the server has not been started');
    return new Map(this.consumers) as T;
  }

  /** Deliveries since the start, by group and topic. */
  deliveryCounts(): DeliveryCounts[] {
    return this.outcomes.counters.all();
  }

  /** Undefined before the start. */
  statusNow(): RocketmqStatus | undefined {
    return this.currentStatus;
  }

  private async start(): Promise<void> {
    if (this.table.problems.length > 0) throw new MessagingConfigurationError(this.table.problems);
    const unsignedUntil = this.authenticator?.unsignedAcceptedUntil;
    if (unsignedUntil !== undefined)
      this.logger.warn(
        `MESSAGES WITHOUT A MAC ARE ACCEPTED until ${unsignedUntil.toISOString()}: until then whoever reaches the broker can forge messages`,
      );
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
    const consumer = this.driver.createConsumer(consumerOptions(this.options, group));
    this.consumers.set(group, consumer);
    for (const { topic, expression } of this.table.subscriptions(group)) consumer.subscribe(topic, expression);
    consumer.registerMessageListener(([message], context) =>
      message === undefined ? 'CONSUME_SUCCESS' : this.deliver(group, message, context),
    );
    await consumer.start();
  }

  private async shutdownConsumers(): Promise<void> {
    const outcomes = await Promise.allSettled([...this.consumers.values()].map((consumer) => consumer.shutdown()));
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        this.logger.error(`a consumer did not shut down cleanly: ${messageOf(outcome.reason)}`);
    this.consumers.clear();
  }

  private async deliver(group: string, message: MessageExt, consumeContext: ConsumeContext): Promise<ConsumeStatus> {
    const context = new RocketmqContext([message, group]);
    try {
      await this.handle(context);
      this.outcomes.recordDone(context);
      return 'CONSUME_SUCCESS';
    } catch (error) {
      if (isThrown(error, DiscardMessageError)) {
        this.outcomes.recordDiscard(context, error);
        return 'CONSUME_SUCCESS';
      }
      this.outcomes.recordFailure(context, error, consumeContext);
      return 'RECONSUME_LATER';
    }
  }

  /** Rejects or throws when the handler fails, or when the message reaches no handler. */
  private async handle(context: RocketmqContext): Promise<void> {
    if (this.authenticator !== undefined) this.authenticate(context, this.authenticator);
    const topic = context.getTopic();
    const group = context.getGroup();
    const tag = context.getTag();
    const handler = this.table.find(group, topic, tag);
    if (handler === undefined) throw new NoHandlerError(`group ${group} has no handler for topic ${topic}, tag ${tag}`);
    const payload = decodePayload(context.getMessage().body, context.getHeaders());
    if (this.observeHandler === undefined) return this.runHandler(handler, payload, context);
    const startedAt = performance.now();
    try {
      await this.runHandler(handler, payload, context);
    } finally {
      this.observeHandler(group, performance.now() - startedAt);
    }
  }

  private authenticate(context: RocketmqContext, authenticator: MessageAuthenticator): void {
    const trusted = authenticator.verify(context.getMessage());
    if (trusted === undefined) this.outcomes.recordUnsigned(context);
    else context.trustHeaders(trusted);
  }

  /**
   * Waits for the end of the handler's stream between Nest's processing hooks. The base class would start the stream
   * and not wait: the offset would be committed while the handler still runs, or has failed. The outcome leaves through
   * a promise of its own, because a start hook may return nothing.
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

  private setStatus(status: RocketmqStatus): void {
    this.currentStatus = status;
    this._status$.next(status);
  }
}
