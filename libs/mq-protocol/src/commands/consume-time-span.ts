import { required } from '../header/header-schema.js';
import { JsonReader } from '../json/index.js';
import { RequestCode } from '../tables/request-code.js';
import { jsonBody } from './body/body-codec.js';
import { readMessageQueue, writeMessageQueue } from './body/message-queue.js';
import type { MessageQueue } from './body/message-queue.js';
import { Command } from './command.js';

/**
 * QUERY_CONSUME_TIME_SPAN 303: topic! group! -> body = {"consumeTimeSpanSet":[{consumeTimeStamp, delayTime, maxTimeStamp,
 * messageQueue, minTimeStamp}]}
 *
 * Source: remoting/protocol/body/QueryConsumeTimeSpanBody.java, QueueTimeSpan.java.
 */
export const QueryConsumeTimeSpan = new Command(RequestCode.QUERY_CONSUME_TIME_SPAN, {
  request: { topic: required.string, group: required.string },
  response: {},
});

/** Store times in ms; 0 where there is no such message. */
export interface QueueTimeSpan {
  messageQueue: MessageQueue;
  minTimeStamp: number;
  maxTimeStamp: number;
  /** Of the last message the group consumed. */
  consumeTimeStamp: number;
  /** For how long the next message to consume has waited, ms. */
  delayTime: number;
}

export const consumeTimeSpanBody = jsonBody<QueueTimeSpan[]>(
  'QueryConsumeTimeSpanBody',
  (reader) =>
    reader.objects('consumeTimeSpanSet', (span) => ({
      messageQueue: readMessageQueue(span.object('messageQueue') ?? JsonReader.of({}, 'messageQueue')),
      minTimeStamp: span.number('minTimeStamp', 0),
      maxTimeStamp: span.number('maxTimeStamp', 0),
      consumeTimeStamp: span.number('consumeTimeStamp', 0),
      delayTime: span.number('delayTime', 0),
    })),
  (spans) => ({
    consumeTimeSpanSet: spans.map(({ messageQueue, consumeTimeStamp, delayTime, maxTimeStamp, minTimeStamp }) => ({
      consumeTimeStamp,
      delayTime,
      maxTimeStamp,
      messageQueue: writeMessageQueue(messageQueue),
      minTimeStamp,
    })),
  }),
);
