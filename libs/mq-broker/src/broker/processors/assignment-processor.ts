import {
  createResponse,
  MessageModel,
  QueryAssignment,
  queryAssignmentRequestBody,
  queryAssignmentResponseBody,
  RequestRefusedError,
  ResponseCode,
} from '@rocketshop/mq-protocol';
import type { QueryAssignmentRequest, RemotingCommand } from '@rocketshop/mq-protocol';
import type { BrokerContext, Processor } from '../broker-context.js';

/** Which of `queueCount` queues member `index` of `memberCount` gets. */
type Strategy = (queueCount: number, memberCount: number, index: number) => number[];

/** RocketMQ `AllocateMessageQueueAveragely` and `AllocateMessageQueueAveragelyByCircle`. */
export const allocationStrategies: Readonly<Record<string, Strategy>> = {
  AVG(queueCount, memberCount, index) {
    const rest = queueCount % memberCount;
    const share = Math.floor(queueCount / memberCount) + (index < rest ? 1 : 0);
    const start = index * share + (index < rest ? 0 : rest);
    return Array.from({ length: share }, (_, position) => start + position);
  },
  AVG_BY_CIRCLE(queueCount, memberCount, index) {
    const mine: number[] = [];
    for (let queue = index; queue < queueCount; queue += memberCount) mine.push(queue);
    return mine;
  },
};

/** Processes QUERY_ASSIGNMENT: the broker assigns queues to clients that do not rebalance themselves. The mode is always PULL. */
export function assignmentProcessors(context: BrokerContext): ReadonlyMap<number, Processor> {
  return new Map<number, Processor>([[QueryAssignment.code, (request) => queryAssignment(context, request)]]);
}

function queryAssignment(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const query = queryAssignmentRequestBody.decode(request.body);
  const { topic } = query;
  const config = context.topics.get(topic);
  if (config === undefined) {
    throw new RequestRefusedError(ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist, apply first please!`);
  }
  const assignments = allocate(context, query, config.readQueueNums).map((queueId) => ({
    queue: { topic, brokerName: context.config.brokerName, queueId },
    mode: 'PULL',
  }));
  return createResponse(request, ResponseCode.SUCCESS, { body: queryAssignmentResponseBody.encode(assignments) });
}

function allocate(context: BrokerContext, query: QueryAssignmentRequest, queueCount: number): number[] {
  if (query.messageModel === MessageModel.BROADCASTING) {
    return Array.from({ length: queueCount }, (_, queueId) => queueId);
  }
  const { strategyName } = query;
  const strategy = Object.hasOwn(allocationStrategies, strategyName) ? allocationStrategies[strategyName] : undefined;
  if (strategy === undefined) {
    throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, `allocation strategy ${strategyName} is not supported`);
  }
  const members = context.consumers.clientIds(query.consumerGroup).sort();
  const index = members.indexOf(query.clientId);
  return index < 0 ? [] : strategy(queueCount, members.length, index);
}
