import { OptionProblems, resolveClientOptions } from '../client.config.js';
import type { ClientOptions, ResolvedClientOptions } from '../client.config.js';
import { TIME_LIMITS } from '../time-limits.js';
import { checkGroup } from '../producer/producer.config.js';

/** Where a group begins in a queue that it has committed no offset of. */
export type ConsumeFromWhere = 'CONSUME_FROM_LAST_OFFSET' | 'CONSUME_FROM_FIRST_OFFSET' | 'CONSUME_FROM_TIMESTAMP';

const CONSUME_FROM_WHERES: readonly ConsumeFromWhere[] = [
  'CONSUME_FROM_LAST_OFFSET',
  'CONSUME_FROM_FIRST_OFFSET',
  'CONSUME_FROM_TIMESTAMP',
];

export interface PushConsumerOptions extends ClientOptions {
  consumerGroup: string;
  /** @default 'CONSUME_FROM_LAST_OFFSET' */
  consumeFromWhere?: ConsumeFromWhere;
  /** Epoch ms for CONSUME_FROM_TIMESTAMP. @default 30 minutes before the consumer is constructed */
  consumeTimestamp?: number;
  /** Listener calls that run at the same time. @default 20 */
  consumeThreadMax?: number;
  /** Messages in one listener call, at most. @default 1 */
  consumeMessageBatchMaxSize?: number;
  /** Messages in the answer of one pull, at most. @default 32 */
  pullBatchSize?: number;
  /** Redeliveries before a message goes to %DLQ%group. @default 16 */
  maxReconsumeTimes?: number;
  /** A queue is not pulled while this many of its messages are unfinished. @default 1000 */
  pullThresholdForQueue?: number;
  /** A queue is not pulled while its unfinished messages have this many MiB. @default 100 */
  pullThresholdSizeForQueue?: number;
  /** A queue is not pulled while the offsets of its unfinished messages are further apart than this. @default 2000 */
  consumeConcurrentlyMaxSpan?: number;
  /** Time limit of a listener call, minutes. After it the messages of the call are sent back. @default 15 */
  consumeTimeout?: number;
  /** How long the broker may hold a pull while there is no message, ms. @default 15000 */
  brokerSuspendMaxTimeMillis?: number;
  /** Time limit for the answer of a pull, ms. It must be longer than brokerSuspendMaxTimeMillis. @default 30000 */
  consumerTimeoutMillisWhenSuspend?: number;
  /** Pause after a failed pull, ms. @default 1000 */
  pullTimeDelayMillsWhenException?: number;
  /** Pause before a message that could not be sent back is consumed here again, ms. @default 5000 */
  localRetryDelayMillis?: number;
  /** ms. @default 20000 */
  rebalanceInterval?: number;
  /** ms. @default 5000 */
  persistConsumerOffsetInterval?: number;
  /** How long shutdown() waits for running listener calls, ms. @default 10000 */
  awaitTerminationMillisWhenShutdown?: number;
}

export interface ResolvedPushConsumerOptions extends Required<Omit<PushConsumerOptions, keyof ClientOptions>> {
  readonly client: ResolvedClientOptions;
}

const DAY_MS = 86_400_000;

export function resolvePushConsumerOptions(options: PushConsumerOptions): ResolvedPushConsumerOptions {
  const problems = new OptionProblems('PushConsumer');
  const integer = (
    name: Exclude<keyof PushConsumerOptions, keyof ClientOptions | 'consumerGroup' | 'consumeFromWhere'>,
    fallback: number,
    min: number,
    max: number,
  ): number => problems.integer(name, options[name], fallback, min, max);
  const consumeFromWhere = options.consumeFromWhere ?? 'CONSUME_FROM_LAST_OFFSET';
  if (!CONSUME_FROM_WHERES.includes(consumeFromWhere)) {
    problems.add(`consumeFromWhere must be one of ${CONSUME_FROM_WHERES.join(', ')}, got ${String(consumeFromWhere)}`);
  }
  const resolved: ResolvedPushConsumerOptions = {
    client: resolveClientOptions(options, problems),
    consumerGroup: checkGroup('consumerGroup', options.consumerGroup, problems),
    consumeFromWhere,
    consumeTimestamp: integer('consumeTimestamp', Date.now() - 30 * 60_000, 0, Number.MAX_SAFE_INTEGER),
    consumeThreadMax: integer('consumeThreadMax', 20, 1, 10_000),
    consumeMessageBatchMaxSize: integer('consumeMessageBatchMaxSize', 1, 1, 1_024),
    pullBatchSize: integer('pullBatchSize', 32, 1, 1_024),
    maxReconsumeTimes: integer('maxReconsumeTimes', 16, 0, 10_000),
    pullThresholdForQueue: integer('pullThresholdForQueue', 1_000, 1, 65_535),
    pullThresholdSizeForQueue: integer('pullThresholdSizeForQueue', 100, 1, 1_024),
    consumeConcurrentlyMaxSpan: integer('consumeConcurrentlyMaxSpan', 2_000, 1, 65_535),
    consumeTimeout: consumeTimeoutMinutes(options.consumeTimeout ?? 15, problems),
    brokerSuspendMaxTimeMillis: integer('brokerSuspendMaxTimeMillis', 15_000, 1, DAY_MS),
    consumerTimeoutMillisWhenSuspend: integer('consumerTimeoutMillisWhenSuspend', 30_000, 2, DAY_MS),
    pullTimeDelayMillsWhenException: integer('pullTimeDelayMillsWhenException', 1_000, 1, DAY_MS),
    localRetryDelayMillis: integer('localRetryDelayMillis', 5_000, 1, DAY_MS),
    rebalanceInterval: integer('rebalanceInterval', 20_000, 10, DAY_MS),
    persistConsumerOffsetInterval: integer('persistConsumerOffsetInterval', 5_000, 10, DAY_MS),
    awaitTerminationMillisWhenShutdown: integer(
      'awaitTerminationMillisWhenShutdown',
      10_000,
      ...TIME_LIMITS.awaitTerminationMillisWhenShutdown,
    ),
  };
  if (resolved.consumerTimeoutMillisWhenSuspend <= resolved.brokerSuspendMaxTimeMillis) {
    problems.add('consumerTimeoutMillisWhenSuspend must be greater than brokerSuspendMaxTimeMillis');
  }
  problems.throwIfAny();
  return resolved;
}

function consumeTimeoutMinutes(minutes: number, problems: OptionProblems): number {
  // A fraction of a minute is allowed, so that a test does not wait for a minute.
  if (!(minutes > 0 && minutes <= 1_440)) problems.add(`consumeTimeout must be above 0 and at most 1440 minutes`);
  return minutes;
}

export interface PullConsumerOptions extends ClientOptions {
  consumerGroup: string;
  /** How long the broker may hold a pull of pullBlockIfNotFound while there is no message, ms. @default 20000 */
  brokerSuspendMaxTimeMillis?: number;
  /** Time limit for the answer of pullBlockIfNotFound, ms. @default 30000 */
  consumerTimeoutMillisWhenSuspend?: number;
  /** Time limit for the answer of pull, ms. @default 10000 */
  consumerPullTimeoutMillis?: number;
}

export interface ResolvedPullConsumerOptions extends Required<Omit<PullConsumerOptions, keyof ClientOptions>> {
  readonly client: ResolvedClientOptions;
}

export function resolvePullConsumerOptions(options: PullConsumerOptions): ResolvedPullConsumerOptions {
  const problems = new OptionProblems('PullConsumer');
  const resolved: ResolvedPullConsumerOptions = {
    client: resolveClientOptions(options, problems),
    consumerGroup: checkGroup('consumerGroup', options.consumerGroup, problems),
    brokerSuspendMaxTimeMillis: problems.integer(
      'brokerSuspendMaxTimeMillis',
      options.brokerSuspendMaxTimeMillis,
      20_000,
      1,
      DAY_MS,
    ),
    consumerTimeoutMillisWhenSuspend: problems.integer(
      'consumerTimeoutMillisWhenSuspend',
      options.consumerTimeoutMillisWhenSuspend,
      30_000,
      2,
      DAY_MS,
    ),
    consumerPullTimeoutMillis: problems.integer(
      'consumerPullTimeoutMillis',
      options.consumerPullTimeoutMillis,
      10_000,
      1,
      DAY_MS,
    ),
  };
  if (resolved.consumerTimeoutMillisWhenSuspend <= resolved.brokerSuspendMaxTimeMillis) {
    problems.add('consumerTimeoutMillisWhenSuspend must be greater than brokerSuspendMaxTimeMillis');
  }
  problems.throwIfAny();
  return resolved;
}
