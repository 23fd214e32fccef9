import { crc32 as zlibCrc32, deflateSync } from 'node:zlib';

/** The topics that a broker registers at the name server. */
export interface TopicTable {
  names: string[];
}

export interface Registration {
  extFields: Record<string, string>;
  body: Buffer;
}

export function topicTable(...names: string[]): TopicTable {
  return { names };
}

/** CRC-32 of a body in the form of the header: without the sign bit. */
export function crcOf(body: Buffer): number {
  return zlibCrc32(body) & 0x7fffffff;
}

interface Changes {
  brokerId?: string;
  brokerAddr?: string;
  haServerAddr?: string;
  counter?: number;
}

/** The registration that brokers of 4.9 and 5.x send by default: JSON, not compressed. */
export function registration({ names }: TopicTable, { counter = 1, ...changes }: Changes = {}): Registration {
  const topicConfigTable = Object.fromEntries(
    names.map((topicName) => [
      topicName,
      {
        attributes: {},
        order: false,
        perm: topicName === 'TBW102' ? 7 : 6,
        readQueueNums: 4,
        topicFilterType: 'SINGLE_TAG',
        topicName,
        topicSysFlag: 0,
        writeQueueNums: 4,
      },
    ]),
  );
  const body = Buffer.from(
    JSON.stringify({
      filterServerList: [],
      topicConfigSerializeWrapper: {
        dataVersion: { counter, stateVersion: 0, timestamp: 1_700_000_000_000 },
        topicConfigTable,
      },
    }),
  );
  return { extFields: { ...header, ...changes }, body };
}

/** The compressed registration: zlib over length-prefixed parts. From version 413 on, a section of mappings ends it. */
export function zlibRegistration({ names }: TopicTable, version: number): Registration {
  const topics = names.map((name) => prefixed(`${name} 4 4 ${name === 'TBW102' ? 7 : 6} SINGLE_TAG`));
  const plain = Buffer.concat([
    prefixed('{"counter":1,"stateVersion":0,"timestamp":1700000000000}'),
    int32(topics.length),
    ...topics,
    prefixed('[]'),
    ...(version >= 413 ? [int32(0)] : []),
  ]);
  const body = deflateSync(plain, { level: 9 });
  return { extFields: { ...header, compressed: 'true', bodyCrc32: String(crcOf(body)) }, body };
}

const header = {
  brokerName: 'broker-a',
  brokerAddr: '10.0.0.1:10911',
  clusterName: 'DefaultCluster',
  haServerAddr: '10.0.0.1:10912',
  brokerId: '0',
};

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

function prefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([int32(bytes.length), bytes]);
}
