import {
  consumerOffsetTableBody,
  createResponse,
  delayOffsetTableBody,
  GetAllConsumerOffset,
  GetAllDelayOffset,
  GetEarliestMsgStoretime,
  GetMaxOffset,
  GetMinOffset,
  isOneway,
  QueryConsumerOffset,
  RequestRefusedError,
  ResponseCode,
  SearchOffset,
  UpdateConsumerOffset,
} from '@rocketshop/mq-protocol';
import type { ConsumerOffsetTable, RemotingCommand } from '@rocketshop/mq-protocol';
import type { BrokerContext, Processor } from '../broker-context.js';
import { encodeInSlices } from './slices.js';

/** Processes the requests for committed offsets and for the bounds of queues. Source: `ConsumerManageProcessor`, `AdminBrokerProcessor`. */
export function offsetProcessors(context: BrokerContext): ReadonlyMap<number, Processor> {
  const { store } = context;
  return new Map<number, Processor>([
    [QueryConsumerOffset.code, (request) => queryOffset(context, request)],
    [UpdateConsumerOffset.code, (request) => updateOffset(context, request)],
    [
      SearchOffset.code,
      (request) => {
        const { topic, queueId, timestamp, boundaryType } = SearchOffset.readRequest(request);
        const boundary = boundaryType?.toUpperCase() === 'UPPER' ? 'UPPER' : 'LOWER';
        const offset = store.reader.offsetByTime(topic, queueId, timestamp, boundary);
        return SearchOffset.createResponse(request, { offset });
      },
    ],
    [
      GetMaxOffset.code,
      (request) => {
        const { topic, queueId } = GetMaxOffset.readRequest(request);
        return GetMaxOffset.createResponse(request, { offset: store.reader.maxOffset(topic, queueId) });
      },
    ],
    [
      GetMinOffset.code,
      (request) => {
        const { topic, queueId } = GetMinOffset.readRequest(request);
        return GetMinOffset.createResponse(request, { offset: store.reader.minOffset(topic, queueId) });
      },
    ],
    [
      GetEarliestMsgStoretime.code,
      (request) => {
        const { topic, queueId } = GetEarliestMsgStoretime.readRequest(request);
        return GetEarliestMsgStoretime.createResponse(request, {
          timestamp: store.reader.earliestStoreTime(topic, queueId),
        });
      },
    ],
    [
      GetAllConsumerOffset.code,
      async (request) => {
        const table = [...offsetTable(context)];
        const body = await encodeInSlices('offsetTable', table, (slice) =>
          consumerOffsetTableBody.encode(new Map(slice)),
        );
        return createResponse(request, ResponseCode.SUCCESS, { body });
      },
    ],
    [
      GetAllDelayOffset.code,
      (request) =>
        createResponse(request, ResponseCode.SUCCESS, {
          body: delayOffsetTableBody.encode(new Map(context.delay.offsets())),
        }),
    ],
  ]);
}

/**
 * A group without a committed offset starts at 0 of a young queue, so that it does not skip messages that were sent just before
 * its first start. For an old queue the answer is 22, and the client decides.
 */
function queryOffset(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { consumerGroup, topic, queueId, setZeroIfNotFound } = QueryConsumerOffset.readRequest(request);
  const stored = context.offsets.query(consumerGroup, topic, queueId);
  if (stored >= 0) return QueryConsumerOffset.createResponse(request, { offset: stored });
  if (setZeroIfNotFound !== false && isYoung(context, topic, queueId)) {
    return QueryConsumerOffset.createResponse(request, { offset: 0 });
  }
  throw new RequestRefusedError(ResponseCode.QUERY_NOT_FOUND, 'Not found, maybe this group consumer boot first');
}

function isYoung(context: BrokerContext, topic: string, queueId: number): boolean {
  const { store } = context;
  if (store.reader.minOffset(topic, queueId) > 0) return false;
  return store.reader.maxOffset(topic, queueId) === 0 || store.reader.isInMemory(topic, queueId, 0);
}

async function updateOffset(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { consumerGroup, topic, queueId, commitOffset } = UpdateConsumerOffset.readRequest(request);
  if (context.groups.findOrCreate(consumerGroup) === undefined) {
    throw new RequestRefusedError(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `Group ${consumerGroup} not exist!`);
  }
  const config = context.topics.get(topic);
  if (config === undefined) {
    throw new RequestRefusedError(ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist, apply first please!`);
  }
  const isQueue = queueId >= 0 && queueId < Math.max(config.readQueueNums, config.writeQueueNums);
  if (!isQueue || commitOffset < 0) {
    throw new RequestRefusedError(
      ResponseCode.INVALID_PARAMETER,
      `queueId[${queueId}] or offset[${commitOffset}] of topic[${topic}] is illegal`,
    );
  }
  const maxOffset = context.store.reader.maxOffset(topic, queueId);
  if (commitOffset > maxOffset) {
    throw new RequestRefusedError(
      ResponseCode.INVALID_PARAMETER,
      `offset[${commitOffset}] is beyond the end[${maxOffset}] of queueId[${queueId}] of topic[${topic}]`,
    );
  }
  context.offsets.commit(consumerGroup, topic, queueId, commitOffset);
  // A client that wants no answer waits for nothing.
  if (!isOneway(request)) await context.offsets.saved(context.config.flushDiskType === 'SYNC_FLUSH');
  return UpdateConsumerOffset.createResponse(request, {});
}

function offsetTable(context: BrokerContext): ConsumerOffsetTable {
  const table: ConsumerOffsetTable = new Map();
  for (const { group, topic, queueId, offset } of context.offsets.entries()) {
    const key = `${topic}@${group}`;
    const queues = table.get(key) ?? new Map<number, number>();
    table.set(key, queues.set(queueId, offset));
  }
  return table;
}
