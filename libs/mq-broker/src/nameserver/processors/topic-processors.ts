import {
  createResponse,
  DeleteTopicInNamesrv,
  GetAllTopicListFromNameserver,
  GetSystemTopicListFromNs,
  GetTopicsByCluster,
  isValidTopicName,
  RegisterTopicInNamesrv,
  RequestCode,
  RequestRefusedError,
  ResponseCode,
  topicListBody,
  topicRouteBody,
} from '@rocketshop/mq-protocol';
import type { RemotingCommand, TopicList } from '@rocketshop/mq-protocol';

import type { NameServerContext, NameServerProcessor } from '../nameserver-context.js';

export function topicProcessors(context: NameServerContext): [number, NameServerProcessor][] {
  const noTopics: NameServerProcessor = (request) => listResponse(request, { topicList: [] });
  return [
    [GetAllTopicListFromNameserver.code, (request) => getAllTopics(context, request)],
    [GetTopicsByCluster.code, (request) => getTopicsByCluster(context, request)],
    [GetSystemTopicListFromNs.code, (request) => listResponse(request, context.routes.systemTopics())],
    // Units (one topic spread over data centres) are not served: there never is such a topic.
    [RequestCode.GET_UNIT_TOPIC_LIST, noTopics],
    [RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST, noTopics],
    [RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, noTopics],
    [DeleteTopicInNamesrv.code, (request) => deleteTopic(context, request)],
    [RegisterTopicInNamesrv.code, (request) => registerTopic(context, request)],
  ];
}

function getAllTopics({ routes, settings }: NameServerContext, request: RemotingCommand): RemotingCommand {
  requireEnabled(settings.enableAllTopicList);
  return listResponse(request, { topicList: routes.topics() });
}

function getTopicsByCluster({ routes, settings }: NameServerContext, request: RemotingCommand): RemotingCommand {
  requireEnabled(settings.enableTopicList);
  const { cluster } = GetTopicsByCluster.readRequest(request);
  return listResponse(request, { topicList: routes.topicsOfCluster(cluster) });
}

function deleteTopic({ routes }: NameServerContext, request: RemotingCommand): RemotingCommand {
  const { topic, clusterName } = DeleteTopicInNamesrv.readRequest(request);
  routes.deleteTopic(topic, clusterName);
  return createResponse(request, ResponseCode.SUCCESS);
}

function registerTopic({ routes }: NameServerContext, request: RemotingCommand): RemotingCommand {
  const { topic } = RegisterTopicInNamesrv.readRequest(request);
  if (!isValidTopicName(topic)) {
    throw new RequestRefusedError(
      ResponseCode.INVALID_PARAMETER,
      'the topic name is too long or has illegal characters',
    );
  }
  routes.registerTopic(topic, topicRouteBody.decode(request.body).queueDatas);
  return createResponse(request, ResponseCode.SUCCESS);
}

function listResponse(request: RemotingCommand, list: TopicList): RemotingCommand {
  return createResponse(request, ResponseCode.SUCCESS, { body: topicListBody.encode(list) });
}

function requireEnabled(enabled: boolean): void {
  if (!enabled) throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, 'disable');
}
