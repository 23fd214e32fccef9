import {
  consumerConnectionBody,
  createResponse,
  GetAllProducerInfo,
  GetConsumerConnectionList,
  GetConsumerRunningInfo,
  GetProducerConnectionList,
  MqVersion,
  PeerError,
  producerConnectionBody,
  producerTableBody,
  RequestRefusedError,
  ResponseCode,
} from '@rocketshop/mq-protocol';
import type { ClientConnection, ProducerInfo, RemotingCommand } from '@rocketshop/mq-protocol';

import type { BrokerContext, Processor } from '../broker-context.js';
import type { ClientChannel } from '../groups/index.js';

/** The time that a client has for its answer. Source: broker/client/net/Broker2Client.java. */
const CLIENT_ANSWER_TIMEOUT_MS = 10_000;

export function clientProcessors(context: BrokerContext): [number, Processor][] {
  return [
    [GetConsumerConnectionList.code, (request) => getConsumerConnections(context, request)],
    [GetProducerConnectionList.code, (request) => getProducerConnections(context, request)],
    [GetAllProducerInfo.code, (request) => getAllProducers(context, request)],
    [GetConsumerRunningInfo.code, (request) => getConsumerRunningInfo(context, request)],
  ];
}

function getConsumerConnections({ consumers }: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { consumerGroup } = GetConsumerConnectionList.readRequest(request);
  const group = consumers.get(consumerGroup);
  if (group === undefined) {
    throw new RequestRefusedError(ResponseCode.CONSUMER_NOT_ONLINE, `the consumer group[${consumerGroup}] not online`);
  }
  const { consumeType, messageModel, consumeFromWhere } = group;
  const body = consumerConnectionBody.encode({
    connectionSet: [...group.channels.values()].map(connectionOf),
    consumeType,
    messageModel,
    consumeFromWhere,
    subscriptionTable: new Map(group.subscriptions),
  });
  return createResponse(request, ResponseCode.SUCCESS, { body });
}

function getProducerConnections({ producers }: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { producerGroup } = GetProducerConnectionList.readRequest(request);
  const connections = [...producers.channels(producerGroup)].map(connectionOf);
  if (connections.length === 0) {
    throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, `the producer group[${producerGroup}] not exist`);
  }
  return createResponse(request, ResponseCode.SUCCESS, { body: producerConnectionBody.encode(connections) });
}

function getAllProducers({ producers, clock, elapsed }: BrokerContext, request: RemotingCommand): RemotingCommand {
  const table = new Map<string, ProducerInfo[]>();
  for (const group of producers.groups()) {
    table.set(
      group,
      [...producers.channels(group)].map(({ peer, clientId, language, version, lastHeartbeatMs }) => ({
        clientId,
        remoteIP: peer.remoteHost,
        language,
        version,
        lastUpdateTimestamp: Math.round(clock.now() - (elapsed.now() - lastHeartbeatMs)),
      })),
    );
  }
  return createResponse(request, ResponseCode.SUCCESS, { body: producerTableBody.encode(table) });
}

/** Asks the client itself and returns the client's answer. */
async function getConsumerRunningInfo(
  { consumers }: BrokerContext,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const header = GetConsumerRunningInfo.readRequest(request);
  const name = `<${header.consumerGroup}> <${header.clientId}>`;
  const client = consumers.findChannel(header.consumerGroup, header.clientId);
  if (client === undefined || client.version < MqVersion.V3_1_8_SNAPSHOT) {
    throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, `The Consumer ${name} not online`);
  }
  try {
    const question = GetConsumerRunningInfo.createRequest(header);
    const { code, remark, body } = await client.peer.request(question, CLIENT_ANSWER_TIMEOUT_MS);
    return createResponse(request, code, { remark, body });
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new RequestRefusedError(ResponseCode.CONSUME_MSG_TIMEOUT, `The Consumer ${name} did not answer`);
  }
}

function connectionOf({ peer, clientId, language, version }: ClientChannel): ClientConnection {
  return { clientAddr: peer.address, clientId, language, version };
}
