import { deflateSync, inflateSync } from 'node:zlib';
import { BodyError } from '../errors.js';
import { optional, required } from '../header/header-schema.js';
import { JsonReader, parseJson, scalarText, writeJsonBody } from '../json/index.js';
import { RequestCode } from '../tables/request-code.js';
import { MqVersion } from '../tables/version.js';
import { jsonBody } from './body/body-codec.js';
import { dataVersionBody } from './body/data-version.js';
import { readTopicConfigTable, writeTopicConfigTable } from './body/topic-config.js';
import type { TopicConfig, TopicConfigTable } from './body/topic-config.js';
import { Command } from './command.js';

/**
 * REGISTER_BROKER 103: brokerName! brokerAddr! clusterName! haServerAddr! brokerId! heartbeatTimeoutMillis
 *   enableActingMaster compressed bodyCrc32 -> haServerAddr masterAddr, body = KVTable of ordered topics
 *   body = {filterServerList, topicConfigSerializeWrapper: TopicConfigTable}, or, with compressed=true, zlib of
 *   compressed = text(DataVersion) i32:count text(topic)* text(filterServers) [i32:count text(mapping)*]
 *   text = i32 length, UTF-8; topic = "name readQueueNums writeQueueNums perm topicFilterType [attributes]"
 *   (mappings only from 5.0.0 on)
 * UNREGISTER_BROKER 104: brokerName! brokerAddr! clusterName! brokerId! -> nothing
 * QUERY_DATA_VERSION 322: brokerName! brokerAddr! clusterName! brokerId!, body = DataVersion
 *   -> changed, body = DataVersion of the name server
 *
 * Source: remoting/protocol/body/RegisterBrokerBody.java, remoting/protocol/header/namesrv/RegisterBrokerRequestHeader.java.
 */
const broker = {
  brokerName: required.string,
  brokerAddr: required.string,
  clusterName: required.string,
  brokerId: required.long,
};

export const RegisterBroker = new Command(RequestCode.REGISTER_BROKER, {
  request: {
    ...broker,
    haServerAddr: required.string,
    heartbeatTimeoutMillis: optional.long,
    enableActingMaster: optional.boolean,
    compressed: optional.boolean,
    bodyCrc32: optional.int,
  },
  response: { haServerAddr: optional.string, masterAddr: optional.string },
});

export const UnregisterBroker = new Command(RequestCode.UNREGISTER_BROKER, { request: broker, response: {} });

export const QueryDataVersion = new Command(RequestCode.QUERY_DATA_VERSION, {
  request: broker,
  response: { changed: optional.boolean },
});

export type RegisterBrokerHeader = ReturnType<typeof RegisterBroker.readRequest>;

export interface RegisterBrokerBody {
  topicConfigs: TopicConfigTable;
  filterServerList: string[];
}

export const registerBrokerBody = jsonBody<RegisterBrokerBody>(
  'RegisterBrokerBody',
  (reader) => ({
    topicConfigs: readTopicConfigTable(
      reader.object('topicConfigSerializeWrapper') ?? JsonReader.of({}, 'RegisterBrokerBody'),
    ),
    filterServerList: reader.strings('filterServerList'),
  }),
  (body) => ({
    filterServerList: body.filterServerList,
    topicConfigSerializeWrapper: writeTopicConfigTable(body.topicConfigs),
  }),
);

/** Largest body after inflation: some 100,000 topics. */
const INFLATED_BYTES_MAX = 32 * 1024 * 1024;
const TOPICS_MAX = 1_000_000;

/** Reads the compressed form. Throws BodyError when it is broken or inflates beyond 32 MiB. */
export function decodeCompressedRegisterBrokerBody(body: Buffer): RegisterBrokerBody {
  const reader = new TextReader(inflate(body));
  const dataVersion = dataVersionBody.decode(reader.text());
  const count = reader.int();
  if (count < 0 || count > TOPICS_MAX) throw new BodyError(`RegisterBrokerBody: ${count} topics`);
  const topicConfigTable = new Map<string, TopicConfig>();
  for (let index = 0; index < count; index += 1) {
    const config = decodeTopicText(reader.text());
    topicConfigTable.set(config.topicName, config);
  }
  const filterServers = parseJson(reader.text());
  const filterServerList = Array.isArray(filterServers) ? filterServers.map(scalarText) : [];
  return { topicConfigs: { dataVersion, topicConfigTable }, filterServerList };
}

/** Writes the compressed form, for a name server that takes our `version` from the request. */
export function encodeCompressedRegisterBrokerBody(body: RegisterBrokerBody, version: number): Buffer {
  const { dataVersion, topicConfigTable } = body.topicConfigs;
  const parts = [text(dataVersionBody.encode(dataVersion)), int(topicConfigTable.size)];
  for (const config of topicConfigTable.values()) parts.push(text(Buffer.from(encodeTopicText(config))));
  parts.push(text(writeJsonBody(body.filterServerList)));
  if (version >= MqVersion.V5_0_0) parts.push(int(0));
  return deflateSync(Buffer.concat(parts), { level: 9 });
}

function encodeTopicText(config: TopicConfig): string {
  const { topicName, readQueueNums, writeQueueNums, perm, topicFilterType, attributes } = config;
  const base = `${topicName} ${readQueueNums} ${writeQueueNums} ${perm} ${topicFilterType}`;
  return Object.keys(attributes).length === 0 ? base : `${base} ${JSON.stringify(attributes)}`;
}

function decodeTopicText(line: string): TopicConfig {
  const [topicName = '', read, write, perm, topicFilterType = 'SINGLE_TAG', ...attributes] = line.split(' ');
  const numbers = [read, write, perm].map(Number);
  if (topicName === '' || !numbers.every(Number.isInteger)) throw new BodyError(`RegisterBrokerBody: topic <${line}>`);
  const [readQueueNums = 0, writeQueueNums = 0, topicPerm = 0] = numbers;
  return {
    topicName,
    readQueueNums,
    writeQueueNums,
    perm: topicPerm,
    topicFilterType,
    topicSysFlag: 0,
    order: false,
    attributes: attributes.length === 0 ? {} : readAttributes(attributes.join(' ')),
  };
}

function readAttributes(json: string): Record<string, string> {
  const reader = JsonReader.parse(json, 'attributes');
  return Object.fromEntries(Object.entries(reader.self).map(([key, value]) => [key, scalarText(value)]));
}

function inflate(body: Buffer): Buffer {
  try {
    return inflateSync(body, { maxOutputLength: INFLATED_BYTES_MAX });
  } catch (error) {
    throw new BodyError('RegisterBrokerBody cannot be inflated', error);
  }
}

class TextReader {
  private position = 0;

  constructor(private readonly buffer: Buffer) {}

  int(): number {
    if (this.buffer.length - this.position < 4) throw new BodyError('RegisterBrokerBody ends too early');
    const value = this.buffer.readInt32BE(this.position);
    this.position += 4;
    return value;
  }

  text(): string {
    const bytes = this.int();
    if (bytes < 0 || bytes > this.buffer.length - this.position) {
      throw new BodyError('RegisterBrokerBody ends too early');
    }
    this.position += bytes;
    return this.buffer.toString('utf8', this.position - bytes, this.position);
  }
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(bytes: Buffer): Buffer {
  return Buffer.concat([int(bytes.length), bytes]);
}
