import {
  createResponse,
  groupListBody,
  groupSubscriptionBody,
  QuerySubscriptionByConsumer,
  QueryTopicConsumeByWho,
  QueryTopicsByConsumer,
  ResponseCode,
  topicListBody,
} from '@rocketshop/mq-protocol';
import type { RemotingCommand } from '@rocketshop/mq-protocol';

import type { BrokerContext, Processor } from '../broker-context.js';

export function groupQueryProcessors(context: BrokerContext): [number, Processor][] {
  return [
    [QueryTopicConsumeByWho.code, (request) => queryGroupsOfTopic(context, request)],
    [QueryTopicsByConsumer.code, (request) => queryTopicsOfGroup(context, request)],
    [QuerySubscriptionByConsumer.code, (request) => querySubscription(context, request)],
  ];
}

/** The topics in which a group has a committed offset, whether the group is online or not. */
export function topicsOfGroup({ offsets }: BrokerContext, group: string): string[] {
  return offsets.topicsOf(group);
}

/** The groups that subscribe to a topic now, and the groups that have a committed offset in it. */
function queryGroupsOfTopic({ consumers, offsets }: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { topic } = QueryTopicConsumeByWho.readRequest(request);
  const groups = new Set(offsets.groupsOf(topic));
  for (const group of consumers.groups()) if (group.subscriptions.has(topic)) groups.add(group.groupName);
  return createResponse(request, ResponseCode.SUCCESS, { body: groupListBody.encode([...groups]) });
}

function queryTopicsOfGroup(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { group } = QueryTopicsByConsumer.readRequest(request);
  const body = topicListBody.encode({ topicList: topicsOfGroup(context, group) });
  return createResponse(request, ResponseCode.SUCCESS, { body });
}

function querySubscription({ consumers }: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { group, topic = '' } = QuerySubscriptionByConsumer.readRequest(request);
  const subscriptionData = consumers.get(group)?.subscriptions.get(topic);
  const body = groupSubscriptionBody.encode({ group, topic, subscriptionData });
  return createResponse(request, ResponseCode.SUCCESS, { body });
}
