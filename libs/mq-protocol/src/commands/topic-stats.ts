import { required } from '../header/header-schema.js';
import { JsonReader } from '../json/index.js';
import { RequestCode } from '../tables/request-code.js';
import { jsonBody } from './body/body-codec.js';
import { readMessageQueue, writeMessageQueue } from './body/message-queue.js';
import type { MessageQueue } from './body/message-queue.js';
import { Command } from './command.js';

/**
 * GET_TOPIC_STATS_INFO 202: topic! -> body = {"offsetTable":{MessageQueue:{lastUpdateTimestamp,maxOffset,minOffset}},
 * "topicPutTps":n}; code 17. The keys of the table are objects.
 *
 * Source: remoting/protocol/admin/TopicStatsTable.java, TopicOffset.java.
 */
export const GetTopicStatsInfo = new Command(RequestCode.GET_TOPIC_STATS_INFO, {
  request: { topic: required.string },
  response: {},
});

export interface TopicOffset {
  queue: MessageQueue;
  minOffset: number;
  maxOffset: number;
  /** Store time of the last message in ms, 0 for an empty queue. */
  lastUpdateTimestamp: number;
}

export interface TopicStatsTable {
  offsets: TopicOffset[];
  /** Messages a second. */
  topicPutTps: number;
}

export const topicStatsTableBody = jsonBody<TopicStatsTable>(
  'TopicStatsTable',
  (reader) => ({
    offsets: reader.objectEntries('offsetTable', (key, value, path) => {
      const offset = JsonReader.of(value, path);
      return {
        queue: readMessageQueue(key),
        minOffset: offset.number('minOffset', 0),
        maxOffset: offset.number('maxOffset', 0),
        lastUpdateTimestamp: offset.number('lastUpdateTimestamp', 0),
      };
    }),
    topicPutTps: reader.number('topicPutTps', 0),
  }),
  (table) => ({
    offsetTable: new Map(
      table.offsets.map(({ queue, lastUpdateTimestamp, maxOffset, minOffset }) => [
        writeMessageQueue(queue),
        { lastUpdateTimestamp, maxOffset, minOffset },
      ]),
    ),
    topicPutTps: table.topicPutTps,
  }),
);
