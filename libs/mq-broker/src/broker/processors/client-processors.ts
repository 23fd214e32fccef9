import {
  CheckClientConfig,
  checkClientBody,
  consumerListBody,
  createResponse,
  GetConsumerListByGroup,
  HeartBeat,
  heartbeatBody,
  isTagType,
  isValidGroupName,
  NotifyConsumerIdsChanged,
  PermName,
  RequestRefusedError,
  ResponseCode,
  retryTopic,
  UnregisterClient,
} from '@rocketshop/mq-protocol';
import type { ConsumerData, Peer, RemotingCommand } from '@rocketshop/mq-protocol';
import type { BrokerContext, Processor } from '../broker-context.js';
import type { ConsumerGroupInfo } from '../groups/index.js';
import { parseSubscription } from '../pull/subscription-filter.js';

/** Processes heartbeats, unregistrations and queries for group members. Source: `ClientManageProcessor`, `ConsumerManageProcessor`. */
export function clientProcessors(context: BrokerContext): ReadonlyMap<number, Processor> {
  return new Map<number, Processor>([
    [HeartBeat.code, (request, peer) => heartbeat(context, request, peer)],
    [UnregisterClient.code, (request, peer) => unregister(context, request, peer)],
    [GetConsumerListByGroup.code, (request) => consumerList(context, request)],
    [CheckClientConfig.code, checkClientConfig],
  ]);
}

/** A heartbeat is decoded in one piece. One of this size takes the event loop for some 10 ms; a client has some hundred bytes. */
const HEARTBEAT_BYTES_MAX = 1024 * 1024;
/** Topics of one group. */
const SUBSCRIPTIONS_MAX = 2_000;

/** Java clients remember the version of the answer: below 232 they refuse SQL92 subscriptions. */
function heartbeat(context: BrokerContext, request: RemotingCommand, peer: Peer): RemotingCommand {
  const bytes = request.body?.length ?? 0;
  if (bytes > HEARTBEAT_BYTES_MAX) {
    throw tooMuch(`a heartbeat may have ${HEARTBEAT_BYTES_MAX} bytes, not ${bytes}`);
  }
  const { clientID, consumerDataSet, producerGroups } = heartbeatBody.decode(request.body);
  for (const { groupName, subscriptionDataSet } of consumerDataSet) {
    if (subscriptionDataSet.length <= SUBSCRIPTIONS_MAX) continue;
    const count = subscriptionDataSet.length;
    throw tooMuch(`the group ${groupName} may subscribe to ${SUBSCRIPTIONS_MAX} topics, not ${count}`);
  }
  const client = { peer, clientId: clientID, language: request.language, version: request.version };
  for (const data of consumerDataSet) if (prepareGroup(context, data)) context.consumers.heartbeat(client, data);
  for (const group of producerGroups) if (isValidGroupName(group)) context.producers.heartbeat(client, group);
  return HeartBeat.createResponse(request, {});
}

function tooMuch(remark: string): RequestRefusedError {
  return new RequestRefusedError(ResponseCode.INVALID_PARAMETER, remark);
}

/** Makes the group and its retry topic: tools find the group by the topic's route. Returns false when the group is not allowed. */
function prepareGroup(context: BrokerContext, data: ConsumerData): boolean {
  const group = context.groups.findOrCreate(data.groupName);
  if (group === undefined) return false;
  if (group.retryQueueNums > 0) {
    const topic = retryTopic(group.groupName);
    context.topics.createInSendBack(topic, group.retryQueueNums, PermName.READ | PermName.WRITE, 0);
  }
  return true;
}

function unregister(context: BrokerContext, request: RemotingCommand, peer: Peer): RemotingCommand {
  const { producerGroup, consumerGroup } = UnregisterClient.readRequest(request);
  if (producerGroup !== undefined) context.producers.unregister(peer, producerGroup);
  if (consumerGroup !== undefined) context.consumers.unregister(peer, consumerGroup);
  return UnregisterClient.createResponse(request, {});
}

function consumerList(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { consumerGroup } = GetConsumerListByGroup.readRequest(request);
  const clientIds = context.consumers.clientIds(consumerGroup);
  if (clientIds.length === 0) {
    throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, `no consumer for this group, ${consumerGroup}`);
  }
  return createResponse(request, ResponseCode.SUCCESS, { body: consumerListBody.encode(clientIds) });
}

/** Consumers ask before they subscribe by something else than tags. This broker filters by tags only and refuses. */
function checkClientConfig(request: RemotingCommand): RemotingCommand {
  const { subString, expressionType } = checkClientBody.decode(request.body).subscriptionData;
  if (!isTagType(expressionType)) parseSubscription(subString, expressionType);
  return CheckClientConfig.createResponse(request, {});
}

/** Tells the members to rebalance. A member that gets no notice rebalances within 20 s by itself. */
export function notifyConsumerIdsChanged(group: ConsumerGroupInfo): void {
  const notice = NotifyConsumerIdsChanged.createRequest({ consumerGroup: group.groupName }, { oneway: true });
  for (const { peer } of group.channels.values()) if (!peer.closed) peer.oneway(notice);
}
