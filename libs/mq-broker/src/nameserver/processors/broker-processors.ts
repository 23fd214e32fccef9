import {
  bodyCrc32,
  BrokerHeartbeat,
  brokerMemberGroupBody,
  createResponse,
  dataVersionBody,
  decodeCompressedRegisterBrokerBody,
  GetBrokerMemberGroup,
  isSameDataVersion,
  kvTableBody,
  newDataVersion,
  ORDER_TOPIC_CONFIG_NAMESPACE,
  QueryDataVersion,
  RegisterBroker,
  registerBrokerBody,
  RequestRefusedError,
  ResponseCode,
  UnregisterBroker,
} from '@rocketshop/mq-protocol';
import type { Peer, RegisterBrokerBody, RegisterBrokerHeader, RemotingCommand } from '@rocketshop/mq-protocol';

import type { NameServerContext, NameServerProcessor } from '../nameserver-context.js';

export function brokerProcessors(context: NameServerContext): [number, NameServerProcessor][] {
  return [
    [RegisterBroker.code, (request, peer) => registerBroker(context, request, peer)],
    [UnregisterBroker.code, (request) => unregisterBroker(context, request)],
    [BrokerHeartbeat.code, (request) => brokerHeartbeat(context, request)],
    [QueryDataVersion.code, (request) => queryDataVersion(context, request)],
    [GetBrokerMemberGroup.code, (request) => getBrokerMemberGroup(context, request)],
  ];
}

function registerBroker(
  { routes, kv, settings }: NameServerContext,
  request: RemotingCommand,
  peer: Peer,
): RemotingCommand {
  const header = RegisterBroker.readRequest(request);
  const { dataVersion, topicConfigTable } = readRegisterBody(header, request.body).topicConfigs;
  const { brokerName, brokerId, brokerAddr, clusterName, haServerAddr } = header;
  const { enableActingMaster, heartbeatTimeoutMillis } = header;
  const result = routes.register(
    {
      brokerName,
      brokerId,
      brokerAddr,
      clusterName,
      haServerAddr,
      enableActingMaster,
      heartbeatTimeoutMillis,
      dataVersion,
      topics: topicConfigTable,
    },
    peer,
  );
  if (result === undefined) throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, 'register broker failed');
  const orderTopics = settings.returnOrderTopicConfigToBroker ? kv.list(ORDER_TOPIC_CONFIG_NAMESPACE) : undefined;
  return RegisterBroker.createResponse(request, result, {
    body: orderTopics && kvTableBody.encode(new Map(orderTopics)),
  });
}

function readRegisterBody(header: RegisterBrokerHeader, body?: Buffer): RegisterBrokerBody {
  // The checksum is of the bytes as sent; 0 says that the broker did not make one.
  const { bodyCrc32: expected = 0, compressed } = header;
  if (expected !== 0 && (body === undefined || bodyCrc32(body) !== expected)) {
    throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, 'crc32 not match');
  }
  if (body === undefined) return { topicConfigs: noTopics(), filterServerList: [] };
  return compressed === true ? decodeCompressedRegisterBrokerBody(body) : registerBrokerBody.decode(body);
}

function noTopics(): RegisterBrokerBody['topicConfigs'] {
  return { dataVersion: newDataVersion(0), topicConfigTable: new Map() };
}

function unregisterBroker({ routes }: NameServerContext, request: RemotingCommand): RemotingCommand {
  routes.unregister(UnregisterBroker.readRequest(request));
  return createResponse(request, ResponseCode.SUCCESS);
}

function brokerHeartbeat({ routes }: NameServerContext, request: RemotingCommand): RemotingCommand {
  routes.refresh(BrokerHeartbeat.readRequest(request));
  return createResponse(request, ResponseCode.SUCCESS);
}

/** Asked by brokers that register only when something changed; an unchanged one has thereby shown that it lives. */
function queryDataVersion({ routes }: NameServerContext, request: RemotingCommand): RemotingCommand {
  const broker = QueryDataVersion.readRequest(request);
  const known = routes.dataVersionOf(broker);
  const changed = known === undefined || !isSameDataVersion(known, dataVersionBody.decode(request.body));
  if (!changed) routes.refresh(broker);
  return QueryDataVersion.createResponse(request, { changed }, { body: known && dataVersionBody.encode(known) });
}

function getBrokerMemberGroup({ routes }: NameServerContext, request: RemotingCommand): RemotingCommand {
  const { brokerName } = GetBrokerMemberGroup.readRequest(request);
  const body = brokerMemberGroupBody.encode(routes.brokerData(brokerName));
  return createResponse(request, ResponseCode.SUCCESS, { body });
}
