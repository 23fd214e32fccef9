import { JsonReader, scalarText, WrittenJson, writeJson } from '../../json/index.js';
import type { JsonValue } from '../../json/index.js';
import { jsonBody } from './body-codec.js';
import { newDataVersion, readDataVersion, writeDataVersion } from './data-version.js';
import type { DataVersion } from './data-version.js';

/** Source: common/TopicConfig.java. `perm` is of PermName's bits. It never changes: a changed topic is a new object. */
export interface TopicConfig {
  readonly topicName: string;
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
  readonly perm: number;
  readonly topicFilterType: string;
  readonly topicSysFlag: number;
  readonly order: boolean;
  readonly attributes: Readonly<Record<string, string>>;
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

/**
 * The JSON of a topic, written once: a table of ten thousand topics is written again at each change of one of them, and that stopped
 * all sends for some hundred milliseconds. A topic that changes is a new object.
 */
const written = new WeakMap<TopicConfig, WrittenJson>();

function writeTopicConfig(config: TopicConfig): WrittenJson {
  const known = written.get(config);
  if (known) return known;
  const json = new WrittenJson(writeJson(topicConfigMembers(config)));
  written.set(config, json);
  return json;
}

function topicConfigMembers(config: TopicConfig): object {
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
