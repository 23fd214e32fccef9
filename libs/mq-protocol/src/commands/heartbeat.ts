import { optional } from '../header/header-schema.js';
import type { JsonReader } from '../json/index.js';
import { RequestCode } from '../tables/request-code.js';
import { jsonBody } from './body/body-codec.js';
import { readConsumerKind } from './body/consumer-kind.js';
import type { ConsumerKind } from './body/consumer-kind.js';
import { readSubscriptionData, writeSubscriptionData } from './body/subscription-data.js';
import type { SubscriptionData } from './body/subscription-data.js';
import { Command } from './command.js';

/**
 * HEART_BEAT 34: no header fields, body = HeartbeatData -> nothing, but the answer's version is remembered by clients
 *
 * HeartbeatData = {clientID, consumerDataSet: [ConsumerData], heartbeatFingerprint, producerDataSet: [{groupName}],
 *                  withoutSub}
 * ConsumerData  = {consumeFromWhere, consumeType, groupName, messageModel, subscriptionDataSet: [SubscriptionData],
 *                  unitMode}
 *
 * Source: remoting/protocol/heartbeat/HeartbeatData.java, ConsumerData.java, ProducerData.java.
 */
export const HeartBeat = new Command(RequestCode.HEART_BEAT, {
  request: {},
  response: { IS_SUPPORT_HEART_BEAT_V2: optional.string, IS_SUB_CHANGE: optional.string },
});

export interface ConsumerData extends ConsumerKind {
  groupName: string;
  subscriptionDataSet: SubscriptionData[];
  unitMode: boolean;
}

export interface HeartbeatData {
  clientID: string;
  producerGroups: string[];
  consumerDataSet: ConsumerData[];
}

function readConsumerData(reader: JsonReader): ConsumerData {
  return {
    groupName: reader.string('groupName'),
    ...readConsumerKind(reader),
    subscriptionDataSet: reader.array('subscriptionDataSet', readSubscriptionData),
    unitMode: reader.boolean('unitMode', false),
  };
}

function writeConsumerData(data: ConsumerData): object {
  return {
    consumeFromWhere: data.consumeFromWhere,
    consumeType: data.consumeType,
    groupName: data.groupName,
    messageModel: data.messageModel,
    subscriptionDataSet: data.subscriptionDataSet.map(writeSubscriptionData),
    unitMode: data.unitMode,
  };
}

export const heartbeatBody = jsonBody<HeartbeatData>(
  'HeartbeatData',
  (reader) => ({
    clientID: reader.string('clientID'),
    producerGroups: reader.objects('producerDataSet', (item) => item.string('groupName')),
    consumerDataSet: reader.objects('consumerDataSet', readConsumerData),
  }),
  (data) => ({
    clientID: data.clientID,
    consumerDataSet: data.consumerDataSet.map(writeConsumerData),
    heartbeatFingerprint: 0,
    producerDataSet: data.producerGroups.map((groupName) => ({ groupName })),
    withoutSub: false,
  }),
);
