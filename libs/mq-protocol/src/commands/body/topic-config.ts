import { JsonReader, scalarText } from '../../json/index.js';
import type { JsonValue } from '../../json/index.js';
import { jsonBody } from './body-codec.js';
import { newDataVersion, readDataVersion, writeDataVersion } from './data-version.js';
import type { DataVersion } from './data-version.js';

/** Source: common/TopicConfig.java. `perm` is of PermName's bits. */
export interface TopicConfig {
  topicName: string;
  readQueueNums: number;
  writeQueueNums: number;
  perm: number;
  topicFilterType: string;
  topicSysFlag: number;
  order: boolean;
  attributes: Record<string, string>;
}

/** Source: remoting/protocol/body/TopicConfigSerializeWrapper.java, TopicConfigAndMappingSerializeWrapper.java. */
export interface TopicConfigTable {
  dataVersion: DataVersion;
  topicConfigTable: Map<string, TopicConfig>;
}

export const DEFAULT_TOPIC_FILTER_TYPE = 'SINGLE_TAG';

function readTopicConfig(value: JsonValue, path: string): TopicConfig {
  const reader = JsonReader.of(value, path);
  return {
    topicName: reader.string('topicName'),
    readQueueNums: reader.number('readQueueNums', 16),
    writeQueueNums: reader.number('writeQueueNums', 16),
    perm: reader.number('perm', 6),
    topicFilterType: reader.string('topicFilterType', DEFAULT_TOPIC_FILTER_TYPE),
    topicSysFlag: reader.number('topicSysFlag', 0),
    order: reader.boolean('order', false),
    attributes: readTexts(reader, 'attributes'),
  };
}

/** An object with text values. */
export function readTexts(reader: JsonReader, member: string): Record<string, string> {
  const texts = Object.create(null) as Record<string, string>;
  for (const [key, value] of reader.entries(member, scalarText)) texts[key] = value;
  return texts;
}

function writeTopicConfig(config: TopicConfig): object {
  return {
    attributes: config.attributes,
    order: config.order,
    perm: config.perm,
    readQueueNums: config.readQueueNums,
    topicFilterType: config.topicFilterType,
    topicName: config.topicName,
    topicSysFlag: config.topicSysFlag,
    writeQueueNums: config.writeQueueNums,
  };
}

export function readTopicConfigTable(reader: JsonReader): TopicConfigTable {
  return {
    dataVersion: readDataVersion(reader.object('dataVersion')),
    topicConfigTable: reader.entries('topicConfigTable', readTopicConfig),
  };
}

/** The 5.x form; the mappings of static topics are there and empty. */
export function writeTopicConfigTable(table: TopicConfigTable): object {
  return {
    dataVersion: writeDataVersion(table.dataVersion),
    mappingDataVersion: writeDataVersion(newDataVersion(0)),
    topicConfigTable: new Map([...table.topicConfigTable].map(([topic, config]) => [topic, writeTopicConfig(config)])),
    topicQueueMappingDetailMap: {},
    topicQueueMappingInfoMap: {},
  };
}

export const topicConfigBody = jsonBody<TopicConfig>(
  'TopicConfig',
  (reader) => readTopicConfig(reader.self, 'TopicConfig'),
  writeTopicConfig,
);

export const topicConfigTableBody = jsonBody<TopicConfigTable>(
  'TopicConfigSerializeWrapper',
  readTopicConfigTable,
  writeTopicConfigTable,
);
