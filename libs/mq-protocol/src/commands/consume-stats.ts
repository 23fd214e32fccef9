import { optional, required } from '../header/header-schema.js';
import { JsonReader } from '../json/index.js';
import { RequestCode } from '../tables/request-code.js';
import { jsonBody } from './body/body-codec.js';
import { readMessageQueue, writeMessageQueue } from './body/message-queue.js';
import type { MessageQueue } from './body/message-queue.js';
import { Command } from './command.js';

/**
 * GET_CONSUME_STATS 208: consumerGroup! topic topicList -> body = {"consumeTps":n,"offsetTable":{MessageQueue:
 * {brokerOffset,consumerOffset,lastTimestamp,pullOffset}}}. The keys of the table are objects.
 *
 * Source: remoting/protocol/admin/ConsumeStats.java, OffsetWrapper.java.
 */
export const GetConsumeStats = new Command(RequestCode.GET_CONSUME_STATS, {
  request: { consumerGroup: required.string, topic: optional.string, topicList: optional.string },
  response: {},
});

export interface ConsumeOffset {
  queue: MessageQueue;
  /** The next offset the broker gives out. */
  brokerOffset: number;
  consumerOffset: number;
  /** The highest offset that was pulled. */
  pullOffset: number;
  /** Store time in ms of the last message that was consumed, 0 if none was. */
  lastTimestamp: number;
}

export interface ConsumeStats {
  offsets: ConsumeOffset[];
  /** Messages a second. */
  consumeTps: number;
}

export function readConsumeStats(reader: JsonReader): ConsumeStats {
  return {
    offsets: reader.objectEntries('offsetTable', (key, value, path) => {
      const offset = JsonReader.of(value, path);
      return {
        queue: readMessageQueue(key),
        brokerOffset: offset.number('brokerOffset', 0),
        consumerOffset: offset.number('consumerOffset', 0),
        pullOffset: offset.number('pullOffset', 0),
        lastTimestamp: offset.number('lastTimestamp', 0),
      };
    }),
    consumeTps: reader.number('consumeTps', 0),
  };
}

export function writeConsumeStats(stats: ConsumeStats): object {
  return {
    consumeTps: stats.consumeTps,
    offsetTable: new Map(
      stats.offsets.map(({ queue, brokerOffset, consumerOffset, lastTimestamp, pullOffset }) => [
        writeMessageQueue(queue),
        { brokerOffset, consumerOffset, lastTimestamp, pullOffset },
      ]),
    ),
  };
}

export const consumeStatsBody = jsonBody<ConsumeStats>('ConsumeStats', readConsumeStats, writeConsumeStats);
