import { required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { jsonBody } from './body/body-codec.js';
import { readConnection, writeConnection } from './body/connection.js';
import type { ClientConnection } from './body/connection.js';
import { readConsumerKind } from './body/consumer-kind.js';
import type { ConsumerKind } from './body/consumer-kind.js';
import { readSubscriptionData, writeSubscriptionData } from './body/subscription-data.js';
import type { SubscriptionData } from './body/subscription-data.js';
import { Command } from './command.js';

/**
 * GET_CONSUMER_CONNECTION_LIST 203: consumerGroup! -> body = {connectionSet: [Connection], consumeFromWhere, consumeType,
 *                                   messageModel, subscriptionTable: {topic: SubscriptionData}}; offline: code 206
 * GET_PRODUCER_CONNECTION_LIST 204: producerGroup! -> body = {connectionSet: [Connection]}; none: code 1
 *
 * Source: remoting/protocol/body/ConsumerConnection.java, ProducerConnection.java.
 */
export const GetConsumerConnectionList = new Command(RequestCode.GET_CONSUMER_CONNECTION_LIST, {
  request: { consumerGroup: required.string },
  response: {},
});

export const GetProducerConnectionList = new Command(RequestCode.GET_PRODUCER_CONNECTION_LIST, {
  request: { producerGroup: required.string },
  response: {},
});

export interface ConsumerConnection extends ConsumerKind {
  connectionSet: ClientConnection[];
  subscriptionTable: Map<string, SubscriptionData>;
}

export const consumerConnectionBody = jsonBody<ConsumerConnection>(
  'ConsumerConnection',
  (reader) => ({
    connectionSet: reader.objects('connectionSet', readConnection),
    ...readConsumerKind(reader),
    subscriptionTable: reader.entries('subscriptionTable', readSubscriptionData),
  }),
  (connection) => ({
    connectionSet: connection.connectionSet.map(writeConnection),
    consumeFromWhere: connection.consumeFromWhere,
    consumeType: connection.consumeType,
    messageModel: connection.messageModel,
    subscriptionTable: new Map(
      [...connection.subscriptionTable].map(([topic, data]) => [topic, writeSubscriptionData(data)]),
    ),
  }),
);

export const producerConnectionBody = jsonBody<ClientConnection[]>(
  'ProducerConnection',
  (reader) => reader.objects('connectionSet', readConnection),
  (connections) => ({ connectionSet: connections.map(writeConnection) }),
);
