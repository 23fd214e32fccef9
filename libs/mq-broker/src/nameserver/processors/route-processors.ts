import {
  AddWritePermOfBroker,
  clusterInfoBody,
  createResponse,
  GetBrokerClusterInfo,
  GetRouteInfoByTopic,
  ORDER_TOPIC_CONFIG_NAMESPACE,
  RequestRefusedError,
  ResponseCode,
  topicRouteBody,
  usesStandardJson,
  WipeWritePermOfBroker,
} from '@rocketshop/mq-protocol';
import type { RemotingCommand } from '@rocketshop/mq-protocol';

import type { NameServerContext, NameServerProcessor } from '../nameserver-context.js';

export function routeProcessors(context: NameServerContext): [number, NameServerProcessor][] {
  return [
    [GetRouteInfoByTopic.code, (request) => getRoute(context, request)],
    [GetBrokerClusterInfo.code, (request) => getClusterInfo(context, request)],
    [WipeWritePermOfBroker.code, (request) => wipeWritePerm(context, request)],
    [AddWritePermOfBroker.code, (request) => addWritePerm(context, request)],
  ];
}

function getRoute({ routes, kv, settings }: NameServerContext, request: RemotingCommand): RemotingCommand {
  const { topic, acceptStandardJsonOnly } = GetRouteInfoByTopic.readRequest(request);
  const route = routes.route(topic);
  if (route === undefined) {
    const remark = `No topic route info in name server for the topic: ${topic}`;
    throw new RequestRefusedError(ResponseCode.TOPIC_NOT_EXIST, remark);
  }
  const orderTopicConf = settings.orderMessageEnable ? kv.get(ORDER_TOPIC_CONFIG_NAMESPACE, topic) : undefined;
  const numericKeys = usesStandardJson(request.version, acceptStandardJsonOnly) ? 'quoted' : 'unquoted';
  const body = topicRouteBody.encode({ ...route, orderTopicConf }, { numericKeys });
  return createResponse(request, ResponseCode.SUCCESS, { body });
}

function getClusterInfo({ routes }: NameServerContext, request: RemotingCommand): RemotingCommand {
  return createResponse(request, ResponseCode.SUCCESS, { body: clusterInfoBody.encode(routes.clusterInfo()) });
}

function wipeWritePerm({ routes }: NameServerContext, request: RemotingCommand): RemotingCommand {
  const { brokerName } = WipeWritePermOfBroker.readRequest(request);
  return WipeWritePermOfBroker.createResponse(request, { wipeTopicCount: routes.wipeWritePerm(brokerName) });
}

function addWritePerm({ routes }: NameServerContext, request: RemotingCommand): RemotingCommand {
  const { brokerName } = AddWritePermOfBroker.readRequest(request);
  return AddWritePermOfBroker.createResponse(request, { addTopicCount: routes.addWritePerm(brokerName) });
}
