import { TIME_LIMITS } from '@rocketshop/mq-client';
import type { ClientOptions, ProducerOptions, PushConsumerOptions } from '@rocketshop/mq-client';
import type { Registry } from 'prom-client';
import { authenticationProblems } from './authentication/authentication.config.js';
import type { MessageAuthentication } from './authentication/authentication.config.js';
import { MessagingConfigurationError } from './errors.js';
import type { DiscardEvent, FailureEvent } from './delivery-events.js';

/** What publisher, server and client proxy share. */
export interface RocketmqConnectionOptions {
  /** Name servers, `host:port` separated by `;`. */
  readonly namesrvAddr: string;
  /** The broker's time scale: its delay levels are this many times shorter than RocketMQ's. @default 1 */
  readonly timeScale?: number;
  /** How soon the client sees a topic or broker that is new, ms. @default 1000 */
  readonly routeRefreshIntervalMs?: number;
  /** Two members of one group in one process need different names. @default 'DEFAULT' */
  readonly instanceName?: string;
  /**
   * Messages are signed when they are published and checked when they are delivered. @default none: whoever reaches the
   * broker can forge messages
   */
  readonly authentication?: MessageAuthentication | undefined;
}

export interface RocketmqPublisherOptions extends RocketmqConnectionOptions {
  /** @default 'rocketshop-publisher' */
  readonly producerGroup?: string;
  /** Limit for all attempts of one send together, ms. @default 3000 */
  readonly sendTimeoutMs?: number;
  /**
   * Gives the headers that carry the current trace on to a message. An application that keeps traces itself sets its
   * own function.
   * @default currentTraceHeaders
   */
  readonly traceHeaders?: () => Readonly<Record<string, string>>;
}

export interface RocketmqServerOptions extends RocketmqConnectionOptions {
  /** The group of handlers that name none. Without this option every handler must name a group. */
  readonly group?: string;
  /** Handlers that run at the same time, per group. @default 20 */
  readonly concurrency?: number;
  /**
   * Redeliveries before a message goes to %DLQ%<group>. All members of a group must have the same number.
   * @default 16
   */
  readonly maxReconsumeTimes?: number;
  /**
   * Where a group begins that has committed no offset yet. `first`: at the oldest message that the broker keeps, so
   * that a subscriber that starts after the first message misses none. `last`: at the next message. @default 'first'
   */
  readonly startFrom?: 'first' | 'last';
  /**
   * How long close() waits for running handlers, ms. A message whose handler is still running then is delivered again.
   * @default 30000
   */
  readonly drainTimeoutMs?: number;
  /** Gets the metrics of the deliveries. @default none */
  readonly registry?: Registry | undefined;
  /** Called for every message that a handler discarded. Must not throw. */
  readonly onDiscard?: (event: DiscardEvent) => void;
  /** Called for every failed delivery, before the message goes back to the broker. Must not throw. */
  readonly onFailure?: (event: FailureEvent) => void;
}

/** The options of publisher and server together, as `RocketmqModule.forRoot` takes them. */
export interface RocketmqModuleOptions extends RocketmqPublisherOptions, RocketmqServerOptions {}

export const DEFAULTS = {
  timeScale: 1,
  routeRefreshIntervalMs: 1000,
  instanceName: 'DEFAULT',
  producerGroup: 'rocketshop-publisher',
  sendTimeoutMs: 3000,
  concurrency: 20,
  maxReconsumeTimes: 16,
  startFrom: 'first',
  drainTimeoutMs: 30_000,
} as const;

/** Characters of a group name. Source: Validators.java, TopicValidator.java. */
const GROUP_NAME = /^[%|a-zA-Z0-9_-]{1,120}$/;

export function isGroupName(text: string): boolean {
  return GROUP_NAME.test(text);
}

/** @throws {MessagingConfigurationError} that names every problem */
export function checkOptions(options: RocketmqModuleOptions): void {
  const problems: string[] = [];
  const wholeNumber = (name: string, value: number | undefined, min: number, max = Number.MAX_SAFE_INTEGER): void => {
    if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
    const range = max === Number.MAX_SAFE_INTEGER ? `${min} up` : `${min} to ${max}`;
    problems.push(`${name} must be a whole number from ${range}, not ${value}`);
  };
  if (typeof options.namesrvAddr !== 'string' || options.namesrvAddr.trim() === '')
    problems.push('namesrvAddr must name at least one name server, for example "127.0.0.1:9876"');
  if (options.timeScale !== undefined && !(options.timeScale > 0 && Number.isFinite(options.timeScale)))
    problems.push(`timeScale must be a number above 0, not ${options.timeScale}`);
  for (const name of ['group', 'producerGroup'] as const) {
    const value = options[name];
    if (value !== undefined && !isGroupName(value))
      problems.push(`${name} "${value}" must be 1 to 120 of letters, digits, "_", "-", "%" and "|"`);
  }
  problems.push(...authenticationProblems(options.authentication));
  wholeNumber('routeRefreshIntervalMs', options.routeRefreshIntervalMs, ...TIME_LIMITS.pollNameServerInterval);
  wholeNumber('sendTimeoutMs', options.sendTimeoutMs, ...TIME_LIMITS.sendMsgTimeout);
  wholeNumber('concurrency', options.concurrency, 1);
  wholeNumber('maxReconsumeTimes', options.maxReconsumeTimes, 0);
  wholeNumber('drainTimeoutMs', options.drainTimeoutMs, ...TIME_LIMITS.awaitTerminationMillisWhenShutdown);
  if (problems.length > 0) throw new MessagingConfigurationError(problems);
}

/** These options in the client library's terms. */
export function clientOptions(options: RocketmqConnectionOptions): ClientOptions {
  return {
    namesrvAddr: options.namesrvAddr,
    instanceName: options.instanceName ?? DEFAULTS.instanceName,
    pollNameServerInterval: options.routeRefreshIntervalMs ?? DEFAULTS.routeRefreshIntervalMs,
  };
}

export function producerOptions(options: RocketmqPublisherOptions): ProducerOptions {
  return {
    ...clientOptions(options),
    producerGroup: options.producerGroup ?? DEFAULTS.producerGroup,
    sendMsgTimeout: options.sendTimeoutMs ?? DEFAULTS.sendTimeoutMs,
  };
}

export function consumerOptions(options: RocketmqServerOptions, consumerGroup: string): PushConsumerOptions {
  const startFrom = options.startFrom ?? DEFAULTS.startFrom;
  return {
    ...clientOptions(options),
    consumerGroup,
    consumeFromWhere: startFrom === 'first' ? 'CONSUME_FROM_FIRST_OFFSET' : 'CONSUME_FROM_LAST_OFFSET',
    consumeThreadMax: options.concurrency ?? DEFAULTS.concurrency,
    // With a larger batch, one failed message would make the broker deliver the whole batch again.
    consumeMessageBatchMaxSize: 1,
    maxReconsumeTimes: options.maxReconsumeTimes ?? DEFAULTS.maxReconsumeTimes,
    awaitTerminationMillisWhenShutdown: options.drainTimeoutMs ?? DEFAULTS.drainTimeoutMs,
  };
}
