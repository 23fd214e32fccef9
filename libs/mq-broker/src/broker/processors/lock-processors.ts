import {
  createResponse,
  LockBatchMq,
  lockBatchRequestBody,
  lockBatchResponseBody,
  ResponseCode,
  UnlockBatchMq,
} from '@rocketshop/mq-protocol';
import type { Processor } from '../broker-context.js';
import type { QueueLockTable } from '../locks/queue-lock-table.js';

/** Processes LOCK_BATCH_MQ and UNLOCK_BATCH_MQ of consumers that consume in order. Source: `AdminBrokerProcessor.lockBatchMQ`. */
export function lockProcessors(locks: QueueLockTable): ReadonlyMap<number, Processor> {
  return new Map<number, Processor>([
    [
      LockBatchMq.code,
      (request) => {
        const { consumerGroup, clientId, mqSet } = lockBatchRequestBody.decode(request.body);
        const held = locks.lock(consumerGroup, clientId, mqSet);
        return createResponse(request, ResponseCode.SUCCESS, { body: lockBatchResponseBody.encode(held) });
      },
    ],
    [
      UnlockBatchMq.code,
      (request) => {
        const { consumerGroup, clientId, mqSet } = lockBatchRequestBody.decode(request.body);
        locks.unlock(consumerGroup, clientId, mqSet);
        return UnlockBatchMq.createResponse(request, {});
      },
    ],
  ]);
}
