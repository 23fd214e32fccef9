import {
  createResponse,
  DEFAULT_TOPIC_FILTER_TYPE,
  DeleteTopicInBroker,
  GetAllTopicConfig,
  GetSystemTopicListFromBroker,
  GetTopicConfig,
  GetTopicStatsInfo,
  isValidTopicName,
  PermName,
  RequestRefusedError,
  ResponseCode,
  topicConfigBody,
  topicConfigTableBody,
  topicListBody,
  topicStatsTableBody,
  UpdateAndCreateTopic,
} from '@rocketshop/mq-protocol';
import type { RemotingCommand, TopicConfig, TopicOffset } from '@rocketshop/mq-protocol';

import type { BrokerContext, Processor } from '../broker-context.js';
import { applyAttributeChange, QUEUE_NUMS_MAX } from '../topics/index.js';
import type { TopicConfigManager } from '../topics/index.js';
import { encodeInSlices } from './slices.js';

export function topicProcessors(context: BrokerContext): [number, Processor][] {
  return [
    [UpdateAndCreateTopic.code, (request) => updateTopic(context, request)],
    [DeleteTopicInBroker.code, (request) => deleteTopic(context, request)],
    [GetAllTopicConfig.code, (request) => getAllTopicConfig(context, request)],
    [GetTopicConfig.code, (request) => getTopicConfig(context, request)],
    [GetSystemTopicListFromBroker.code, (request) => getSystemTopics(context, request)],
    [GetTopicStatsInfo.code, (request) => getTopicStats(context, request)],
  ];
}

async function updateTopic({ topics }: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  topics.update(readTopicUpdate(topics, request));
  // After a successful answer the topic must exist after a power cut too.
  await topics.saved();
  return createResponse(request, ResponseCode.SUCCESS);
}

function readTopicUpdate(topics: TopicConfigManager, request: RemotingCommand): TopicConfig {
  const topicName = changeableTopic(topics, request.extFields?.['topic'] ?? '');
  const header = UpdateAndCreateTopic.readRequest(request);
  const { readQueueNums, writeQueueNums, perm, topicSysFlag = 0, order } = header;
  for (const queueNums of [readQueueNums, writeQueueNums]) {
    if (queueNums < 0 || queueNums > QUEUE_NUMS_MAX) {
      throw invalid(`a topic has from 0 to ${QUEUE_NUMS_MAX} queues, not ${queueNums}`);
    }
  }
  if (perm < 0 || perm >= PermName.PRIORITY) throw invalid(`the permission ${perm} is not a sum of 4, 2 and 1`);
  return {
    topicName,
    readQueueNums,
    writeQueueNums,
    perm,
    topicFilterType: header.topicFilterType === 'MULTI_TAG' ? 'MULTI_TAG' : DEFAULT_TOPIC_FILTER_TYPE,
    topicSysFlag,
    order,
    attributes: changeAttributes(topics.get(topicName)?.attributes ?? {}, header.attributes ?? ''),
  };
}

function changeAttributes(current: Record<string, string>, change: string): Record<string, string> {
  try {
    return applyAttributeChange(current, change);
  } catch (error) {
    if (error instanceof RangeError) throw invalid(error.message);
    throw error;
  }
}

/**
 * Deletes queues, offsets and topic in one turn, and answers when all of it is as safe as an acknowledged message. The deletion of a
 * topic that does not exist succeeds, because the tools delete on every broker of a cluster.
 */
async function deleteTopic(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { topics, store, offsets, config } = context;
  const topic = changeableTopic(topics, DeleteTopicInBroker.readRequest(request).topic);
  if (!store.isWritable) throw notKept(topic);
  const kept = store.deleteTopic(topic);
  offsets.removeTopic(topic);
  topics.delete(topic);
  context.endPullsOf(topic);
  await Promise.all([topics.saved(), offsets.saved(config.flushDiskType === 'SYNC_FLUSH')]);
  if (!(await kept)) throw notKept(topic);
  return createResponse(request, ResponseCode.SUCCESS);
}

/** 5.x tools ask for pages and stop at the total. One page with everything suits them and the tools of 4.9. */
async function getAllTopicConfig({ topics }: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { dataVersion, topicConfigTable } = topics.toTable();
  const body = await encodeInSlices('topicConfigTable', [...topicConfigTable], (slice) =>
    topicConfigTableBody.encode({ dataVersion, topicConfigTable: new Map(slice) }),
  );
  return GetAllTopicConfig.createResponse(request, { totalTopicNum: topics.size }, { body });
}

function getTopicConfig({ topics }: BrokerContext, request: RemotingCommand): RemotingCommand {
  const config = existingTopic(topics, GetTopicConfig.readRequest(request).topic);
  return createResponse(request, ResponseCode.SUCCESS, { body: topicConfigBody.encode(config) });
}

function getSystemTopics({ topics }: BrokerContext, request: RemotingCommand): RemotingCommand {
  const body = topicListBody.encode({ topicList: topics.systemTopics() });
  return createResponse(request, ResponseCode.SUCCESS, { body });
}

function getTopicStats(
  { topics, store, config, statistics }: BrokerContext,
  request: RemotingCommand,
): RemotingCommand {
  const { topic } = GetTopicStatsInfo.readRequest(request);
  const { readQueueNums, writeQueueNums } = existingTopic(topics, topic);
  const offsets: TopicOffset[] = [];
  for (let queueId = 0; queueId < Math.max(readQueueNums, writeQueueNums); queueId++) {
    const maxOffset = Math.max(0, store.reader.maxOffset(topic, queueId));
    offsets.push({
      queue: { brokerName: config.brokerName, queueId, topic },
      minOffset: Math.max(0, store.reader.minOffset(topic, queueId)),
      maxOffset,
      lastUpdateTimestamp: maxOffset > 0 ? Math.max(0, store.reader.storeTimeOf(topic, queueId, maxOffset - 1)) : 0,
    });
  }
  const body = topicStatsTableBody.encode({ offsets, topicPutTps: statistics.topicPutTps(topic) });
  return createResponse(request, ResponseCode.SUCCESS, { body });
}

function notKept(topic: string): RequestRefusedError {
  const remark = `the deletion of topic[${topic}] could not be stored: the disk is full, or the broker stops`;
  return new RequestRefusedError(ResponseCode.SERVICE_NOT_AVAILABLE, remark);
}

function existingTopic(topics: TopicConfigManager, topic: string): TopicConfig {
  const config = topics.get(topic);
  if (config !== undefined) return config;
  throw new RequestRefusedError(ResponseCode.TOPIC_NOT_EXIST, `No topic in this broker. topic: ${topic}`);
}

function changeableTopic(topics: TopicConfigManager, topic: string): string {
  if (!isValidTopicName(topic)) {
    throw invalid('The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$, or is too long.');
  }
  if (topics.isSystemTopic(topic)) throw invalid(`The topic[${topic}] is conflict with system topic.`);
  return topic;
}

function invalid(remark: string): RequestRefusedError {
  return new RequestRefusedError(ResponseCode.INVALID_PARAMETER, remark);
}
