import { JsonReader } from '../json/index.js';
import { RequestCode } from '../tables/request-code.js';
import { jsonBody } from './body/body-codec.js';
import { readMessageQueue, writeMessageQueue } from './body/message-queue.js';
import type { MessageQueue } from './body/message-queue.js';
import { Command } from './command.js';

/**
 * QUERY_ASSIGNMENT 400: body = {clientId, consumerGroup, messageModel, strategyName, topic}
 *   -> body = {"messageQueueAssignments":[{attachments, messageQueue, mode}]}
 * Java consumers with `clientRebalance=false` ask for their queues instead of computing them.
 *
 * Source: remoting/protocol/body/QueryAssignmentRequestBody.java, QueryAssignmentResponseBody.java.
 */
export const QueryAssignment = new Command(RequestCode.QUERY_ASSIGNMENT, { request: {}, response: {} });

export interface QueryAssignmentRequest {
  topic: string;
  consumerGroup: string;
  clientId: string;
  /** AVG, AVG_BY_CIRCLE, CONSISTENT_HASH, ... */
  strategyName: string;
  messageModel: string;
}

export const queryAssignmentRequestBody = jsonBody<QueryAssignmentRequest>(
  'QueryAssignmentRequestBody',
  (reader) => ({
    topic: reader.string('topic'),
    consumerGroup: reader.string('consumerGroup'),
    clientId: reader.string('clientId'),
    strategyName: reader.string('strategyName', 'AVG'),
    messageModel: reader.string('messageModel', 'CLUSTERING').toUpperCase(),
  }),
  (request) => ({
    clientId: request.clientId,
    consumerGroup: request.consumerGroup,
    messageModel: request.messageModel,
    strategyName: request.strategyName,
    topic: request.topic,
  }),
);

export interface MessageQueueAssignment {
  queue: MessageQueue;
  mode: string;
}

export const queryAssignmentResponseBody = jsonBody<MessageQueueAssignment[]>(
  'QueryAssignmentResponseBody',
  (reader) =>
    reader.objects('messageQueueAssignments', (item) => ({
      queue: readMessageQueue(JsonReader.of(item.get('messageQueue'), 'messageQueue')),
      mode: item.string('mode', 'PULL'),
    })),
  (assignments) => ({
    messageQueueAssignments: assignments.map(({ queue, mode }) => ({ messageQueue: writeMessageQueue(queue), mode })),
  }),
);
