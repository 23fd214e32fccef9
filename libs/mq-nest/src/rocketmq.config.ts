import { MessagingConfigurationError } from './errors.js';
import type { DiscardEvent, FailureEvent } from './delivery-events.js';

/** What publisher, server and client proxy share. */
export interface RocketmqConnectionOptions {
  /** Name servers, `host:port` separated by `;`. */
  readonly namesrvAddr: string;
  /** How many times shorter than RocketMQ's own the broker's delay levels are. @default 1 */
  readonly timeScale?: number;
  /** How soon a topic or broker that came later is seen, ms. @default 1000 */
  readonly routeRefreshIntervalMs?: number;
  /**
   * Apart from other instances in one process with the same options; needed for two members of one group in one process.
   * @default 'DEFAULT'
   */
  readonly instanceName?: string;
}

export interface RocketmqPublisherOptions extends RocketmqConnectionOptions {
  /** @default 'rocketshop-publisher' */
  readonly producerGroup?: string;
  /** All attempts of one send together, ms. @default 3000 */
  readonly sendTimeoutMs?: number;
  /**
   * Headers that carry the current trace on to a message. An application that keeps traces of its own gives its own function.
   * @default currentTraceHeaders
   */
  readonly traceHeaders?: () => Readonly<Record<string, string>>;
}

export interface RocketmqServerOptions extends RocketmqConnectionOptions {
  /** Group of handlers that name none. Without it each handler must name one. */
  readonly group?: string;
  /** Handlers that run at the same time, per group. @default 20 */
  readonly concurrency?: number;
  /** Retries before a message goes to %DLQ%<group>. All members of a group must agree. @default 16 */
  readonly maxReconsumeTimes?: number;
  /**
   * Where a group begins that has never committed: `first` reads all the broker still keeps, so that a subscriber which
   * boots after the first message misses none; `last` reads what comes from now on. @default 'first'
   */
  readonly startFrom?: 'first' | 'last';
  /** How long close() waits for running handlers, ms. What has not finished by then is delivered again elsewhere. @default 30000 */
  readonly drainTimeoutMs?: number;
  /** Called for every message a handler discarded. Must not throw. */
  readonly onDiscard?: (event: DiscardEvent) => void;
  /** Called for every delivery that failed, before the message goes back to the broker. Must not throw. */
  readonly onFailure?: (event: FailureEvent) => void;
}

/** Everything forRoot takes: one module serves both directions. */
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

/** @throws {MessagingConfigurationError} with every problem */
export function checkOptions(options: RocketmqModuleOptions): void {
  const problems: string[] = [];
  const wholeNumber = (name: string, value: number | undefined, min: number): void => {
    if (value !== undefined && (!Number.isInteger(value) || value < min))
      problems.push(`${name} must be a whole number from ${min}, not ${value}`);
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
  wholeNumber('routeRefreshIntervalMs', options.routeRefreshIntervalMs, 10);
  wholeNumber('sendTimeoutMs', options.sendTimeoutMs, 1);
  wholeNumber('concurrency', options.concurrency, 1);
  wholeNumber('maxReconsumeTimes', options.maxReconsumeTimes, 0);
  wholeNumber('drainTimeoutMs', options.drainTimeoutMs, 0);
  if (problems.length > 0) throw new MessagingConfigurationError(problems);
}
