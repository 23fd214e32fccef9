import {
  createResponse,
  DeleteSubscriptionGroup,
  GetAllSubscriptionGroupConfig,
  GetSubscriptionGroupConfig,
  isValidGroupName,
  RequestRefusedError,
  ResponseCode,
  subscriptionGroupConfigBody,
  subscriptionGroupListBody,
  subscriptionGroupTableBody,
  UpdateAndCreateSubscriptionGroup,
  UpdateAndCreateSubscriptionGroupList,
} from '@rocketshop/mq-protocol';
import type { RemotingCommand, SubscriptionGroupConfig } from '@rocketshop/mq-protocol';

import type { BrokerContext, Processor } from '../broker-context.js';

/** A retry topic never needs more. Without the limit, one request could make thousands of queues. */
const RETRY_QUEUE_NUMS_MAX = 1024;

export function groupProcessors(context: BrokerContext): [number, Processor][] {
  return [
    [UpdateAndCreateSubscriptionGroup.code, (request) => updateGroup(context, request)],
    [UpdateAndCreateSubscriptionGroupList.code, (request) => updateGroups(context, request)],
    [DeleteSubscriptionGroup.code, (request) => deleteGroup(context, request)],
    [GetAllSubscriptionGroupConfig.code, (request) => getAllGroups(context, request)],
    [GetSubscriptionGroupConfig.code, (request) => getGroup(context, request)],
  ];
}

function updateGroup(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  return applyGroups(context, request, [subscriptionGroupConfigBody.decode(request.body)]);
}

function updateGroups(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  return applyGroups(context, request, subscriptionGroupListBody.decode(request.body));
}

/** Checks all groups before it applies one: a list is applied as a whole or not at all. */
async function applyGroups(
  { groups }: BrokerContext,
  request: RemotingCommand,
  configs: readonly SubscriptionGroupConfig[],
): Promise<RemotingCommand> {
  for (const config of configs) checkGroup(config);
  for (const config of configs) groups.update(config);
  await groups.saved();
  return createResponse(request, ResponseCode.SUCCESS);
}

/** `cleanOffset` also removes the group's committed offsets, so that a new group of the same name starts from none. */
async function deleteGroup(
  { groups, offsets, config }: BrokerContext,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const { groupName, cleanOffset } = DeleteSubscriptionGroup.readRequest(request);
  checkName(groupName);
  if (cleanOffset === true) offsets.removeGroup(groupName);
  groups.delete(groupName);
  await Promise.all([groups.saved(), offsets.saved(config.flushDiskType === 'SYNC_FLUSH')]);
  return createResponse(request, ResponseCode.SUCCESS);
}

/** 5.x tools ask for pages and stop at the total. One page with everything suits them and the tools of 4.9. */
function getAllGroups({ groups }: BrokerContext, request: RemotingCommand): RemotingCommand {
  const body = subscriptionGroupTableBody.encode(groups.toTable());
  return GetAllSubscriptionGroupConfig.createResponse(request, { totalGroupNum: groups.size }, { body });
}

function getGroup({ groups }: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { group } = GetSubscriptionGroupConfig.readRequest(request);
  const config = groups.get(group);
  if (config === undefined) {
    throw new RequestRefusedError(
      ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
      `No group in this broker. group: ${group}`,
    );
  }
  return createResponse(request, ResponseCode.SUCCESS, { body: subscriptionGroupConfigBody.encode(config) });
}

function checkGroup({ groupName, retryQueueNums, retryMaxTimes }: SubscriptionGroupConfig): void {
  checkName(groupName);
  if (!Number.isInteger(retryQueueNums) || retryQueueNums < 0 || retryQueueNums > RETRY_QUEUE_NUMS_MAX) {
    throw invalid(`a group has from 0 to ${RETRY_QUEUE_NUMS_MAX} retry queues, not ${retryQueueNums}`);
  }
  if (!Number.isInteger(retryMaxTimes) || retryMaxTimes < -1) {
    throw invalid(`a message is retried a whole number of times or for ever (-1), not ${retryMaxTimes}`);
  }
}

function checkName(group: string): void {
  if (isValidGroupName(group)) return;
  throw invalid('the group name is empty, too long or contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$');
}

function invalid(remark: string): RequestRefusedError {
  return new RequestRefusedError(ResponseCode.INVALID_PARAMETER, remark);
}
