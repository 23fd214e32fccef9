import { RequestCode } from '../tables/request-code.js';
import { jsonBody } from './body/body-codec.js';
import { readMessageQueue, writeMessageQueue } from './body/message-queue.js';
import type { MessageQueue } from './body/message-queue.js';
import { Command } from './command.js';

/**
 * LOCK_BATCH_MQ 41:   body = {clientId, consumerGroup, mqSet: [MessageQueue], onlyThisBroker} -> {"lockOKMQSet":[..]}
 * UNLOCK_BATCH_MQ 42: the same body -> nothing
 *
 * Source: remoting/protocol/body/LockBatchRequestBody.java, LockBatchResponseBody.java.
 */
export const LockBatchMq = new Command(RequestCode.LOCK_BATCH_MQ, { request: {}, response: {} });
export const UnlockBatchMq = new Command(RequestCode.UNLOCK_BATCH_MQ, { request: {}, response: {} });

export interface LockBatchRequest {
  clientId: string;
  consumerGroup: string;
  mqSet: MessageQueue[];
}

export const lockBatchRequestBody = jsonBody<LockBatchRequest>(
  'LockBatchRequestBody',
  (reader) => ({
    clientId: reader.string('clientId'),
    consumerGroup: reader.string('consumerGroup'),
    mqSet: reader.objects('mqSet', readMessageQueue),
  }),
  (request) => ({
    clientId: request.clientId,
    consumerGroup: request.consumerGroup,
    mqSet: request.mqSet.map(writeMessageQueue),
    onlyThisBroker: false,
  }),
);

/** The queues the client holds afterwards. */
export const lockBatchResponseBody = jsonBody<MessageQueue[]>(
  'LockBatchResponseBody',
  (reader) => reader.objects('lockOKMQSet', readMessageQueue),
  (queues) => ({ lockOKMQSet: queues.map(writeMessageQueue) }),
);
