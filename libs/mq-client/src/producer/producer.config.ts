import { isValidGroupName, MESSAGE_BODY_BYTES_CEILING, MESSAGE_BODY_BYTES_MAX } from '@rocketshop/mq-protocol';
import { OptionProblems, resolveClientOptions } from '../client.config.js';
import type { ClientOptions, ResolvedClientOptions } from '../client.config.js';
import type { SendOptions } from '../message.js';
import { TIME_LIMITS } from '../time-limits.js';

export interface ProducerOptions extends ClientOptions {
  producerGroup: string;
  /**
   * Time limit for all attempts of one send together, ms. While other brokers can be tried, an attempt gets its share of what
   * is left, and at least 500 ms where that is less than half. @default 3000
   */
  sendMsgTimeout?: number;
  /** Attempts after the first one failed. Brokers that say nothing do not count while another one is untried. @default 2 */
  retryTimesWhenSendFailed?: number;
  /** Send again to another broker when the status is not SEND_OK. @default false */
  retryAnotherBrokerWhenNotStoreOK?: boolean;
  /** Pause before the second attempt on the same broker, ms. It doubles each time. @default 50 */
  retryBackoffMs?: number;
  /** Avoid a broker for some time after it was slow or failed. One that says nothing is avoided in any case. @default true */
  sendLatencyFaultEnable?: boolean;
  /** A body of at least this many bytes is compressed (zlib). @default 4096 */
  compressMsgBodyOverHowmuch?: number;
  /** zlib level, 1 to 9. @default 5 */
  compressLevel?: number;
  /** Limit of a body before compression, bytes; at most 8388608, what every consumer inflates. @default 4194304 */
  maxMessageSize?: number;
  /** Queues of a topic that the first send creates. @default 4 */
  defaultTopicQueueNums?: number;
  /** Template of a topic that the first send creates. @default 'TBW102' */
  createTopicKey?: string;
  /**
   * Sends that may wait for an answer at the same time. The next one is refused with a retriable error.
   * @default 65535
   */
  maxSendsInFlight?: number;
}

export interface ResolvedProducerOptions extends Required<Omit<ProducerOptions, keyof ClientOptions>> {
  readonly client: ResolvedClientOptions;
}

export function checkGroup(name: string, group: unknown, problems: OptionProblems): string {
  if (typeof group !== 'string' || !isValidGroupName(group)) {
    problems.add(`${name} must be 1 to 120 of the characters a-z A-Z 0-9 _ - % |, got ${JSON.stringify(group)}`);
    return '';
  }
  if (group === 'DEFAULT_PRODUCER' || group === 'DEFAULT_CONSUMER') problems.add(`${name} must not be ${group}`);
  return group;
}

export function resolveProducerOptions(options: ProducerOptions): ResolvedProducerOptions {
  const problems = new OptionProblems('Producer');
  const resolved: ResolvedProducerOptions = {
    client: resolveClientOptions(options, problems),
    producerGroup: checkGroup('producerGroup', options.producerGroup, problems),
    sendMsgTimeout: problems.integer('sendMsgTimeout', options.sendMsgTimeout, 3_000, ...TIME_LIMITS.sendMsgTimeout),
    retryTimesWhenSendFailed: problems.integer('retryTimesWhenSendFailed', options.retryTimesWhenSendFailed, 2, 0, 100),
    retryAnotherBrokerWhenNotStoreOK: options.retryAnotherBrokerWhenNotStoreOK ?? false,
    retryBackoffMs: problems.integer('retryBackoffMs', options.retryBackoffMs, 50, 0, 60_000),
    sendLatencyFaultEnable: options.sendLatencyFaultEnable ?? true,
    compressMsgBodyOverHowmuch: problems.integer(
      'compressMsgBodyOverHowmuch',
      options.compressMsgBodyOverHowmuch,
      4_096,
      0,
      // Above the longest body: nothing is compressed.
      2 * MESSAGE_BODY_BYTES_CEILING,
    ),
    compressLevel: problems.integer('compressLevel', options.compressLevel, 5, 1, 9),
    maxMessageSize: problems.integer(
      'maxMessageSize',
      options.maxMessageSize,
      MESSAGE_BODY_BYTES_MAX,
      1,
      MESSAGE_BODY_BYTES_CEILING,
    ),
    defaultTopicQueueNums: problems.integer('defaultTopicQueueNums', options.defaultTopicQueueNums, 4, 1, 65_536),
    createTopicKey: options.createTopicKey ?? 'TBW102',
    maxSendsInFlight: problems.integer('maxSendsInFlight', options.maxSendsInFlight, 65_535, 1, 1_048_576),
  };
  problems.throwIfAny();
  return resolved;
}

/** The time limit of one send. @throws InvalidOptionsError */
export function sendTimeoutMs(options: SendOptions | undefined, { sendMsgTimeout }: ResolvedProducerOptions): number {
  if (options?.timeoutMs === undefined) return sendMsgTimeout;
  const problems = new OptionProblems('send');
  const timeoutMs = problems.integer('timeoutMs', options.timeoutMs, sendMsgTimeout, ...TIME_LIMITS.sendMsgTimeout);
  problems.throwIfAny();
  return timeoutMs;
}
