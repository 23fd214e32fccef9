import {
  createResponse,
  decodeMessage,
  GetBrokerConfig,
  GetBrokerRuntimeInfo,
  kvTableBody,
  MQ_VERSION,
  MQ_VERSION_DESCRIPTION,
  ResponseCode,
  TopicName,
  UpdateBrokerConfig,
} from '@rocketshop/mq-protocol';
import type { RemotingCommand } from '@rocketshop/mq-protocol';

import { formatJavaProperties, parseJavaProperties } from '../../config/index.js';
import type { BrokerContext, Processor } from '../broker-context.js';

export function brokerStateProcessors(context: BrokerContext): [number, Processor][] {
  return [
    [GetBrokerRuntimeInfo.code, (request) => getRuntimeInfo(context, request)],
    [GetBrokerConfig.code, (request) => getBrokerConfig(context, request)],
    [UpdateBrokerConfig.code, (request) => updateBrokerConfig(context, request)],
  ];
}

/** Keys that tools parse. This broker has no such queues and locks. */
const ALWAYS_ZERO = [
  'pageCacheLockTimeMills',
  'sendThreadPoolQueueSize',
  'sendThreadPoolQueueHeadWaitTimeMills',
  'pullThreadPoolQueueSize',
  'pullThreadPoolQueueHeadWaitTimeMills',
  'queryThreadPoolQueueSize',
  'queryThreadPoolQueueHeadWaitTimeMills',
  'litePullThreadPoolQueueSize',
  'litePullThreadPoolQueueHeadWaitTimeMills',
  'ackThreadPoolQueueSize',
  'ackThreadPoolQueueHeadWaitTimeMills',
  'EndTransactionQueueSize',
  'timerReadBehind',
  'timerOffsetBehind',
  'timerCongestNum',
  'timerEnqueueTps',
  'timerDequeueTps',
] as const;

function getRuntimeInfo(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { statistics, store, clock, draining } = context;
  const puts = statistics.putsToday();
  const gets = statistics.getsToday();
  const putTps = statistics.putTps();
  const getTps = statistics.getTps();
  const table: Record<string, string> = {
    ...Object.fromEntries(ALWAYS_ZERO.map((key) => [key, '0'])),
    ...store.runtimeInfo(),
    ...delayOffsets(context),
    ...earliestMessage(context),
    brokerVersionDesc: MQ_VERSION_DESCRIPTION,
    brokerVersion: String(MQ_VERSION),
    brokerActive: String(!draining),
    bootTimestamp: String(statistics.bootTimestamp),
    startAcceptSendRequestTimeStamp: '0',
    runtime: formatRuntime(clock.now() - statistics.bootTimestamp),
    putTps,
    // Both spellings are needed: tools of 4.9 read one of them, tools of 5.x the other.
    getTransferredTps: getTps,
    getTransferedTps: getTps,
    getTotalTps: getTps,
    getFoundTps: getTps,
    getMissTps: '0 0 0',
    putMessageTimesTotal: String(statistics.putTotal),
    msgPutTotalYesterdayMorning: String(puts.yesterdayMorning),
    msgPutTotalTodayMorning: String(puts.todayMorning),
    msgPutTotalTodayNow: String(puts.now),
    msgGetTotalYesterdayMorning: String(gets.yesterdayMorning),
    msgGetTotalTodayMorning: String(gets.todayMorning),
    msgGetTotalTodayNow: String(gets.now),
  };
  return createResponse(request, ResponseCode.SUCCESS, { body: kvTableBody.encode(new Map(Object.entries(table))) });
}

/** For each level in use: the next offset to deliver, and the maximum offset. */
function delayOffsets({ delay, store }: BrokerContext): Record<string, string> {
  const offsets: Record<string, string> = {};
  for (const [level, offset] of delay.offsets()) {
    const maxOffset = Math.max(0, store.reader.maxOffset(TopicName.SCHEDULE_TOPIC, level - 1));
    offsets[`scheduleMessageOffset_${level}`] = `${offset},${maxOffset}`;
  }
  return offsets;
}

/** The store time of the oldest message. An empty store has none: with 0, tools would show half a million hours. */
function earliestMessage({ store }: BrokerContext): Record<string, string> {
  const record = store.reader.lookMessage(store.minPhysicalOffset);
  return record === undefined ? {} : { earliestMessageTimeStamp: String(decodeMessage(record).storeTimestamp) };
}

function formatRuntime(runtimeMs: number): string {
  const seconds = Math.floor(runtimeMs / 1000);
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  return `[ ${days} days, ${hours} hours, ${minutes} minutes, ${seconds % 60} seconds ]`;
}

function getBrokerConfig({ config, topics }: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { limits: _limits, ...settings } = config;
  const version = JSON.stringify(topics.dataVersion);
  return GetBrokerConfig.createResponse(request, { version }, { body: Buffer.from(formatJavaProperties(settings)) });
}

async function updateBrokerConfig({ settings }: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  await settings.update(parseJavaProperties(request.body?.toString('utf8') ?? ''));
  return createResponse(request, ResponseCode.SUCCESS);
}
