import { JsonReader } from '../../json/index.js';
import type { JsonValue } from '../../json/index.js';
import { jsonBody } from './body-codec.js';
import { readDataVersion, writeDataVersion } from './data-version.js';
import type { DataVersion } from './data-version.js';
import { readTexts } from './topic-config.js';

/** Source: remoting/protocol/subscription/SubscriptionGroupConfig.java. */
export interface SubscriptionGroupConfig {
  groupName: string;
  consumeEnable: boolean;
  consumeFromMinEnable: boolean;
  consumeBroadcastEnable: boolean;
  consumeMessageOrderly: boolean;
  retryQueueNums: number;
  retryMaxTimes: number;
  brokerId: number;
  whichBrokerWhenConsumeSlowly: number;
  notifyConsumerIdsChangedEnable: boolean;
  groupSysFlag: number;
  consumeTimeoutMinute: number;
  attributes: Record<string, string>;
}

/** Source: remoting/protocol/body/SubscriptionGroupWrapper.java. */
export interface SubscriptionGroupTable {
  dataVersion: DataVersion;
  subscriptionGroupTable: Map<string, SubscriptionGroupConfig>;
}

/** A group with RocketMQ's defaults. */
export function newSubscriptionGroupConfig(groupName: string): SubscriptionGroupConfig {
  return {
    groupName,
    consumeEnable: true,
    consumeFromMinEnable: true,
    consumeBroadcastEnable: true,
    consumeMessageOrderly: false,
    retryQueueNums: 1,
    retryMaxTimes: 16,
    brokerId: 0,
    whichBrokerWhenConsumeSlowly: 1,
    notifyConsumerIdsChangedEnable: true,
    groupSysFlag: 0,
    consumeTimeoutMinute: 15,
    attributes: {},
  };
}

export function readSubscriptionGroupConfig(value: JsonValue, path: string): SubscriptionGroupConfig {
  const reader = JsonReader.of(value, path);
  const base = newSubscriptionGroupConfig(reader.string('groupName'));
  return {
    ...base,
    consumeEnable: reader.boolean('consumeEnable', base.consumeEnable),
    consumeFromMinEnable: reader.boolean('consumeFromMinEnable', base.consumeFromMinEnable),
    consumeBroadcastEnable: reader.boolean('consumeBroadcastEnable', base.consumeBroadcastEnable),
    consumeMessageOrderly: reader.boolean('consumeMessageOrderly', base.consumeMessageOrderly),
    retryQueueNums: reader.number('retryQueueNums', base.retryQueueNums),
    retryMaxTimes: reader.number('retryMaxTimes', base.retryMaxTimes),
    brokerId: reader.number('brokerId', base.brokerId),
    whichBrokerWhenConsumeSlowly: reader.number('whichBrokerWhenConsumeSlowly', base.whichBrokerWhenConsumeSlowly),
    notifyConsumerIdsChangedEnable: reader.boolean(
      'notifyConsumerIdsChangedEnable',
      base.notifyConsumerIdsChangedEnable,
    ),
    groupSysFlag: reader.number('groupSysFlag', base.groupSysFlag),
    consumeTimeoutMinute: reader.number('consumeTimeoutMinute', base.consumeTimeoutMinute),
    attributes: readTexts(reader, 'attributes'),
  };
}

export function writeSubscriptionGroupConfig(config: SubscriptionGroupConfig): object {
  return {
    attributes: config.attributes,
    brokerId: config.brokerId,
    consumeBroadcastEnable: config.consumeBroadcastEnable,
    consumeEnable: config.consumeEnable,
    consumeFromMinEnable: config.consumeFromMinEnable,
    consumeMessageOrderly: config.consumeMessageOrderly,
    consumeTimeoutMinute: config.consumeTimeoutMinute,
    groupName: config.groupName,
    groupRetryPolicy: { type: 'CUSTOMIZED' },
    groupSysFlag: config.groupSysFlag,
    notifyConsumerIdsChangedEnable: config.notifyConsumerIdsChangedEnable,
    retryMaxTimes: config.retryMaxTimes,
    retryQueueNums: config.retryQueueNums,
    whichBrokerWhenConsumeSlowly: config.whichBrokerWhenConsumeSlowly,
  };
}

export const subscriptionGroupConfigBody = jsonBody<SubscriptionGroupConfig>(
  'SubscriptionGroupConfig',
  (reader) => readSubscriptionGroupConfig(reader.self, 'SubscriptionGroupConfig'),
  writeSubscriptionGroupConfig,
);

export const subscriptionGroupTableBody = jsonBody<SubscriptionGroupTable>(
  'SubscriptionGroupWrapper',
  (reader) => ({
    dataVersion: readDataVersion(reader.object('dataVersion')),
    subscriptionGroupTable: reader.entries('subscriptionGroupTable', readSubscriptionGroupConfig),
  }),
  (table) => ({
    dataVersion: writeDataVersion(table.dataVersion),
    forbiddenTable: {},
    subscriptionGroupTable: new Map(
      [...table.subscriptionGroupTable].map(([group, config]) => [group, writeSubscriptionGroupConfig(config)]),
    ),
  }),
);
