import { RequestCode } from '../tables/request-code.js';
import { JsonReader } from '../json/index.js';
import { jsonBody } from './body/body-codec.js';
import { Command } from './command.js';

/**
 * GET_ALL_PRODUCER_INFO 328 -> body = {"data":{group:[{clientId, language, lastUpdateTimestamp, remoteIP, version}]}}
 *
 * Source: remoting/protocol/body/ProducerTableInfo.java, ProducerInfo.java.
 */
export const GetAllProducerInfo = new Command(RequestCode.GET_ALL_PRODUCER_INFO, { request: {}, response: {} });

export interface ProducerInfo {
  clientId: string;
  remoteIP: string;
  language: string;
  version: number;
  /** Of the last heartbeat, ms. */
  lastUpdateTimestamp: number;
}

function readProducerInfo(reader: JsonReader): ProducerInfo {
  return {
    clientId: reader.string('clientId'),
    remoteIP: reader.string('remoteIP', ''),
    language: reader.string('language', 'OTHER'),
    version: reader.number('version', 0),
    lastUpdateTimestamp: reader.number('lastUpdateTimestamp', 0),
  };
}

function writeProducerInfo({ clientId, language, lastUpdateTimestamp, remoteIP, version }: ProducerInfo): object {
  return { clientId, language, lastUpdateTimestamp, remoteIP, version };
}

/** group -> its producers that are online. */
export const producerTableBody = jsonBody<Map<string, ProducerInfo[]>>(
  'ProducerTableInfo',
  (reader) =>
    reader.entries('data', (producers, path) =>
      (Array.isArray(producers) ? producers : []).map((producer) => readProducerInfo(JsonReader.of(producer, path))),
    ),
  (table) => ({ data: new Map([...table].map(([group, producers]) => [group, producers.map(writeProducerInfo)])) }),
);
