import { MQ_CLIENT_VERSION, writeMessageQueue } from '@rocketshop/mq-protocol';
import type { SubscriptionData } from '@rocketshop/mq-protocol';
import type { ResolvedPushConsumerOptions } from './consumer.config.js';
import type { ProcessQueue } from './process-queue.js';

const BYTES_PER_MIB = 1_048_576;

/** The body that `mqadmin consumerStatus` prints. Source: remoting/protocol/body/ConsumerRunningInfo.java. */
export function runningInfo(
  options: ResolvedPushConsumerOptions,
  startedAt: number,
  subscriptions: readonly SubscriptionData[],
  processQueues: readonly ProcessQueue[],
): Record<string, unknown> {
  return {
    properties: {
      PROP_CLIENT_VERSION: String(MQ_CLIENT_VERSION),
      PROP_CONSUMEORDERLY: 'false',
      PROP_CONSUMER_START_TIMESTAMP: String(startedAt),
      PROP_CONSUME_TYPE: 'CONSUME_PASSIVELY',
      PROP_NAMESERVER_ADDR: options.client.namesrvAddr,
      PROP_THREADPOOL_CORE_SIZE: String(options.consumeThreadMax),
    },
    subscriptionSet: subscriptions,
    mqTable: new Map(
      processQueues.map((processQueue) => [writeMessageQueue(processQueue.queue), queueInfo(processQueue)]),
    ),
    mqPopTable: {},
    statusTable: {},
    userConsumerInfo: {},
    jstack: '',
  };
}

function queueInfo(processQueue: ProcessQueue): Record<string, unknown> {
  return {
    cachedMsgCount: processQueue.count,
    cachedMsgMaxOffset: processQueue.maxCachedOffset,
    cachedMsgMinOffset: processQueue.minCachedOffset,
    cachedMsgSizeInMiB: Math.floor(processQueue.bytes / BYTES_PER_MIB),
    commitOffset: processQueue.commitOffset,
    // The spelling is RocketMQ's.
    droped: processQueue.dropped,
    lastConsumeTimestamp: processQueue.lastConsumeAt,
    lastLockTimestamp: 0,
    lastPullTimestamp: processQueue.lastPullAt,
    locked: false,
    transactionMsgCount: 0,
    transactionMsgMaxOffset: 0,
    transactionMsgMinOffset: 0,
    tryUnlockTimes: 0,
  };
}
