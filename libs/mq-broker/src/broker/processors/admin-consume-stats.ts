import {
  brokerConsumeStatsBody,
  consumeStatsBody,
  consumeTimeSpanBody,
  createResponse,
  GetBrokerConsumeStats,
  GetConsumeStats,
  QueryConsumeTimeSpan,
  RequestRefusedError,
  ResponseCode,
} from '@rocketshop/mq-protocol';
import type { ConsumeOffset, ConsumeStats, QueueTimeSpan, RemotingCommand } from '@rocketshop/mq-protocol';

import type { BrokerContext, Processor } from '../broker-context.js';
import { topicsOfGroup } from './admin-group-queries.js';
import { encodeInSlices, mapInSlices } from './slices.js';

/** A topic has some queues, each with a read of a record; a group has some topics. */
const TOPICS_PER_SLICE = 10;
const GROUPS_PER_SLICE = 1;

export function consumeStatsProcessors(context: BrokerContext): [number, Processor][] {
  return [
    [GetConsumeStats.code, (request) => getConsumeStats(context, request)],
    [GetBrokerConsumeStats.code, (request) => getBrokerConsumeStats(context, request)],
    [QueryConsumeTimeSpan.code, (request) => queryConsumeTimeSpan(context, request)],
  ];
}

function getConsumeStats(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { consumerGroup, topic = '', topicList = '' } = GetConsumeStats.readRequest(request);
  const listed = topicList.split(';').filter((name) => name !== '');
  const named = topic === '' ? listed : [topic];
  const online = context.consumers.get(consumerGroup);
  const stats = (named.length > 0 ? named : topicsOfGroup(context, consumerGroup))
    // A topic that the group no longer subscribes to is no backlog, unless the request lists the topic.
    .filter((name) => listed.length > 0 || online === undefined || online.subscriptions.has(name))
    .map((name) => statsOf(context, consumerGroup, name));
  const body = consumeStatsBody.encode({
    offsets: stats.flatMap(({ offsets }) => offsets),
    consumeTps: stats.reduce((sum, { consumeTps }) => sum + consumeTps, 0),
  });
  return createResponse(request, ResponseCode.SUCCESS, { body });
}

/** The offsets of a group in one topic of this broker. */
function statsOf(context: BrokerContext, group: string, topic: string): ConsumeStats {
  const { topics, store, offsets, statistics, config } = context;
  const progress: ConsumeOffset[] = [];
  const queueCount = topics.get(topic)?.readQueueNums ?? 0;
  for (let queueId = 0; queueId < queueCount; queueId++) {
    const consumerOffset = Math.max(0, offsets.query(group, topic, queueId));
    progress.push({
      queue: { brokerName: config.brokerName, queueId, topic },
      brokerOffset: Math.max(0, store.reader.maxOffset(topic, queueId)),
      consumerOffset,
      pullOffset: consumerOffset,
      lastTimestamp: consumerOffset > 0 ? Math.max(0, store.reader.storeTimeOf(topic, queueId, consumerOffset - 1)) : 0,
    });
  }
  return { offsets: progress, consumeTps: statistics.groupGetTps(group, topic) };
}

async function getBrokerConsumeStats(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { isOrder } = GetBrokerConsumeStats.readRequest(request);
  const groups: [string, ConsumeStats[]][] = [];
  let totalDiff = 0;
  for (const { groupName } of Array.from(context.groups.entries())) {
    const topics = topicsOfGroup(context, groupName).filter((topic) => context.topics.get(topic)?.order === isOrder);
    const stats = await mapInSlices(topics, (topic) => statsOf(context, groupName, topic), TOPICS_PER_SLICE);
    if (stats.length > 0) groups.push([groupName, stats]);
    for (const { brokerOffset, consumerOffset } of stats.flatMap(({ offsets }) => offsets)) {
      totalDiff += brokerOffset - consumerOffset;
    }
  }
  const encode = (slice: readonly [string, ConsumeStats[]][]): Buffer =>
    brokerConsumeStatsBody.encode({ brokerAddr: context.address, groups: new Map(slice), totalDiff });
  const body = await encodeInSlices('consumeStatsList', groups, encode, GROUPS_PER_SLICE);
  return createResponse(request, ResponseCode.SUCCESS, { body });
}

function queryConsumeTimeSpan(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { group, topic } = QueryConsumeTimeSpan.readRequest(request);
  const topicConfig = context.topics.get(topic);
  if (topicConfig === undefined) {
    throw new RequestRefusedError(ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist`);
  }
  const spans: QueueTimeSpan[] = [];
  for (let queueId = 0; queueId < topicConfig.writeQueueNums; queueId++) {
    spans.push(timeSpanOf(context, group, topic, queueId));
  }
  return createResponse(request, ResponseCode.SUCCESS, { body: consumeTimeSpanBody.encode(spans) });
}

function timeSpanOf(context: BrokerContext, group: string, topic: string, queueId: number): QueueTimeSpan {
  const { store, offsets, clock, config } = context;
  const timeOf = (offset: number): number => Math.max(0, store.reader.storeTimeOf(topic, queueId, offset));
  const maxOffset = store.reader.maxOffset(topic, queueId);
  const consumerOffset = Math.max(0, offsets.query(group, topic, queueId));
  const minTimeStamp = Math.max(0, store.reader.earliestStoreTime(topic, queueId));
  return {
    messageQueue: { brokerName: config.brokerName, queueId, topic },
    minTimeStamp,
    maxTimeStamp: maxOffset > 0 ? timeOf(maxOffset - 1) : 0,
    consumeTimeStamp: consumerOffset > 0 ? timeOf(consumerOffset - 1) : minTimeStamp,
    delayTime: consumerOffset < maxOffset ? Math.max(0, clock.now() - timeOf(consumerOffset)) : 0,
  };
}
