import { BodyError } from '../errors.js';
import { parseJavaLong } from '../frame/java-integer.js';
import { optional, required } from '../header/header-schema.js';
import { JsonReader, scalarText } from '../json/index.js';
import type { JsonValue } from '../json/index.js';
import { RequestCode } from '../tables/request-code.js';
import { MqVersion } from '../tables/version.js';
import { jsonBody } from './body/body-codec.js';
import { Command } from './command.js';

/**
 * GET_ROUTEINFO_BY_TOPIC 105: topic! acceptStandardJsonOnly -> body = TopicRouteData; code 17
 * GET_BROKER_CLUSTER_INFO 106 -> body = ClusterInfo
 *
 * TopicRouteData = {brokerDatas: [BrokerData], filterServerTable: {}, orderTopicConf, queueDatas: [QueueData]}
 * BrokerData     = {brokerAddrs: {id: "ip:port"}, brokerName, cluster, enableActingMaster}
 * QueueData      = {brokerName, perm, readQueueNums, topicSysFlag, writeQueueNums}
 * ClusterInfo    = {brokerAddrTable: {brokerName: BrokerData}, clusterAddrTable: {cluster: [brokerName]}}
 *
 * The ids stand without quotes, except in a route that was asked for as standard JSON (`usesStandardJson`).
 * Source: remoting/protocol/route/TopicRouteData.java, remoting/protocol/body/ClusterInfo.java.
 */
export const GetRouteInfoByTopic = new Command(RequestCode.GET_ROUTEINFO_BY_TOPIC, {
  request: { topic: required.string, acceptStandardJsonOnly: optional.boolean },
  response: {},
});

export const GetBrokerClusterInfo = new Command(RequestCode.GET_BROKER_CLUSTER_INFO, { request: {}, response: {} });

export interface BrokerData {
  cluster: string;
  brokerName: string;
  /** Broker id (0 is the master) to `ip:port`. */
  brokerAddrs: Map<number, string>;
  enableActingMaster: boolean;
}

export interface QueueData {
  brokerName: string;
  readQueueNums: number;
  writeQueueNums: number;
  perm: number;
  topicSysFlag: number;
}

export interface TopicRouteData {
  brokerDatas: BrokerData[];
  queueDatas: QueueData[];
  /** `brokerName:count;...` of an ordered topic. */
  orderTopicConf?: string | undefined;
}

export interface ClusterInfo {
  brokerAddrTable: Map<string, BrokerData>;
  clusterAddrTable: Map<string, string[]>;
}

/** Whether a route must be written with quoted ids: for versions from 4.9.4 on, or when asked for. */
export function usesStandardJson(version: number, acceptStandardJsonOnly: boolean | undefined): boolean {
  return version >= MqVersion.V4_9_4 || acceptStandardJsonOnly === true;
}

export function readBrokerData(value: JsonValue, path: string): BrokerData {
  const reader = JsonReader.of(value, path);
  const addresses = reader.entries('brokerAddrs', scalarText);
  return {
    cluster: reader.string('cluster', ''),
    brokerName: reader.string('brokerName'),
    brokerAddrs: new Map([...addresses].map(([id, address]) => [brokerId(id, path), address])),
    enableActingMaster: reader.boolean('enableActingMaster', false),
  };
}

function brokerId(text: string, path: string): number {
  const id = parseJavaLong(text);
  if (id === undefined) throw new BodyError(`${path}.brokerAddrs has the broker id ${JSON.stringify(text)}`);
  return id;
}

function writeBrokerData(data: BrokerData): object {
  return {
    brokerAddrs: data.brokerAddrs,
    brokerName: data.brokerName,
    cluster: data.cluster,
    enableActingMaster: data.enableActingMaster,
  };
}

function readQueueData(reader: JsonReader): QueueData {
  return {
    brokerName: reader.string('brokerName'),
    readQueueNums: reader.number('readQueueNums', 0),
    writeQueueNums: reader.number('writeQueueNums', 0),
    perm: reader.number('perm', 0),
    topicSysFlag: reader.number('topicSysFlag', 0),
  };
}

function writeQueueData(data: QueueData): object {
  return {
    brokerName: data.brokerName,
    perm: data.perm,
    readQueueNums: data.readQueueNums,
    topicSysFlag: data.topicSysFlag,
    writeQueueNums: data.writeQueueNums,
  };
}

export const topicRouteBody = jsonBody<TopicRouteData>(
  'TopicRouteData',
  (reader) => ({
    brokerDatas: reader.array('brokerDatas', readBrokerData),
    queueDatas: reader.objects('queueDatas', readQueueData),
    orderTopicConf: reader.optionalString('orderTopicConf'),
  }),
  (route) => ({
    brokerDatas: route.brokerDatas.map(writeBrokerData),
    filterServerTable: {},
    orderTopicConf: route.orderTopicConf,
    queueDatas: route.queueDatas.map(writeQueueData),
  }),
);

export const clusterInfoBody = jsonBody<ClusterInfo>(
  'ClusterInfo',
  (reader) => ({
    brokerAddrTable: reader.entries('brokerAddrTable', readBrokerData),
    clusterAddrTable: reader.entries('clusterAddrTable', (names) =>
      Array.isArray(names) ? names.map(scalarText) : [],
    ),
  }),
  (info) => ({
    brokerAddrTable: new Map([...info.brokerAddrTable].map(([name, data]) => [name, writeBrokerData(data)])),
    clusterAddrTable: info.clusterAddrTable,
  }),
);
