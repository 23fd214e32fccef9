import type { Logger } from '@nestjs/common';
import { isThrown, messageOf } from '@rocketshop/mq-client';
import type { ConsumeContext } from '@rocketshop/mq-client';
import { findDelayLevel, LONGEST_LEVEL } from './delay-ladder.js';
import { DeliveryCounters } from './delivery-events.js';
import type { DiscardEvent, FailureEvent } from './delivery-events.js';
import { MessageRefusedError } from './errors.js';
import {
  chosenDelayMs,
  describeFailure,
  DiscardMessageError,
  isDeadLetterAtOnce,
  toFailureProperties,
} from './outcome.js';
import type { FailureReason } from './outcome.js';
import { DEFAULTS } from './rocketmq.config.js';
import type { RocketmqServerOptions } from './rocketmq.config.js';
import type { RocketmqContext } from './rocketmq.context.js';
import { isMaskedByDefaultFilter } from './rocketmq.exception-filter.js';

/** The client library's level for "to the dead letter queue at once". */
const DEAD_LETTER_LEVEL = -1;

/**
 * What `server.on(event, listener)` tells. It is a type because Nest asks for an index signature, which an interface
 * lacks.
 */
export type RocketmqServerEvents = {
  discard: (event: DiscardEvent) => void;
  failure: (event: FailureEvent) => void;
};

/** Counts and logs the outcome of each delivery, and tells it to the listeners. */
export class DeliveryOutcomes {
  readonly counters: DeliveryCounters;
  private readonly listeners: { [E in keyof RocketmqServerEvents]: RocketmqServerEvents[E][] };
  private hasWarnedOfMask = false;

  constructor(
    private readonly options: RocketmqServerOptions,
    private readonly logger: Logger,
    isKnown: (group: string, topic: string) => boolean,
  ) {
    this.counters = new DeliveryCounters(isKnown);
    this.listeners = {
      discard: options.onDiscard === undefined ? [] : [options.onDiscard],
      failure: options.onFailure === undefined ? [] : [options.onFailure],
    };
  }

  on<E extends keyof RocketmqServerEvents>(event: E, listener: RocketmqServerEvents[E]): void {
    this.listeners[event].push(listener);
  }

  recordDone(context: RocketmqContext): void {
    this.counters.of(context.getGroup(), context.getTopic()).done += 1;
  }

  recordDiscard(context: RocketmqContext, error: DiscardMessageError): void {
    const reason = messageOf(error);
    this.counters.of(context.getGroup(), context.getTopic()).discarded += 1;
    this.tell('discard', { ...identify(context), reason });
    this.log(() => this.logger.warn(`discarded ${describe(context)}: ${reason}`));
  }

  recordUnsigned(context: RocketmqContext): void {
    this.counters.of(context.getGroup(), context.getTopic()).unsigned += 1;
  }

  /** Also writes into `consumeContext` when the message is delivered again, and the reason that goes along. */
  recordFailure(context: RocketmqContext, error: unknown, consumeContext: ConsumeContext): void {
    const { timeScale = DEFAULTS.timeScale, maxReconsumeTimes = DEFAULTS.maxReconsumeTimes } = this.options;
    const failure = describeFailure(error, context.getGroup(), new Date());
    consumeContext.retryProperties = toFailureProperties(failure);
    const isHopeless = isDeadLetterAtOnce(error);
    if (isHopeless) consumeContext.delayLevelWhenNextConsume = DEAD_LETTER_LEVEL;
    else {
      const delayMs = chosenDelayMs(error);
      if (delayMs !== undefined)
        consumeContext.delayLevelWhenNextConsume = findDelayLevel(delayMs, timeScale) ?? LONGEST_LEVEL;
    }
    const lastAttempt = isHopeless || context.getReconsumeTimes() >= maxReconsumeTimes;
    this.countFailure(context, error, lastAttempt);
    this.tell('failure', { ...identify(context), failure, error, lastAttempt });
    this.log(() => this.logFailure(context, error, failure, lastAttempt));
  }

  private logFailure(context: RocketmqContext, error: unknown, failure: FailureReason, lastAttempt: boolean): void {
    const reason = `${failure.errorClass}: ${failure.message}`;
    if (isThrown(error, MessageRefusedError)) this.logger.warn(`refused ${describe(context)}: ${reason}`);
    else if (lastAttempt)
      this.logger.error(`gave up ${describe(context)}, it goes to %DLQ%${failure.group}: ${reason}`, failure.stack);
    else this.logger.warn(`failed ${describe(context)}, it will be delivered again: ${reason}`);
    this.warnOfMask(error);
  }

  private countFailure(context: RocketmqContext, error: unknown, lastAttempt: boolean): void {
    const counts = this.counters.of(context.getGroup(), context.getTopic());
    if (isThrown(error, MessageRefusedError)) {
      counts.refused[error.reason] = (counts.refused[error.reason] ?? 0) + 1;
      return;
    }
    counts.failed += 1;
    if (lastAttempt) counts.deadLettered += 1;
  }

  private warnOfMask(error: unknown): void {
    if (this.hasWarnedOfMask || !isMaskedByDefaultFilter(error)) return;
    this.hasWarnedOfMask = true;
    this.logger.warn(
      "Nest's default filter hid the reason of a failure: import RocketmqModule, or put @UseFilters(RocketmqExceptionFilter) on the handler",
    );
  }

  private tell<E extends keyof RocketmqServerEvents>(event: E, value: Parameters<RocketmqServerEvents[E]>[0]): void {
    for (const listener of this.listeners[event] as ((value: Parameters<RocketmqServerEvents[E]>[0]) => void)[]) {
      // A listener that fails must not change what becomes of the message, and must not keep others from being told.
      const failed = (error: unknown): void =>
        this.log(() => this.logger.error(`a listener of '${event}' failed: ${messageOf(error)}`));
      try {
        Promise.resolve(listener(value) as unknown).catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }

  /** The application's logger may fail too, for example when its disk is full. The message goes its way nevertheless. */
  private log(write: () => void): void {
    try {
      write();
    } catch {
      // There is nowhere left to say it.
    }
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
