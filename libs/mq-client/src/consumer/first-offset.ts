import { isRetryTopic } from '@rocketshop/mq-protocol';
import type { MessageQueue } from '../message.js';
import type { BrokerOffsets } from './broker-offsets.js';
import type { ConsumeFromWhere } from './consumer.config.js';

/**
 * Where a newly assigned queue begins: at the committed offset; for a group the broker has no offset of, as
 * consumeFromWhere says. Retry topics are never skipped. (The broker itself answers 0 for a young queue.)
 * Source: RebalancePushImpl.computePullFromWhereWithException.
 */
export async function firstOffset(
  offsets: Pick<BrokerOffsets, 'committed' | 'max' | 'search'>,
  queue: MessageQueue,
  consumeFromWhere: ConsumeFromWhere,
  consumeTimestamp: number,
): Promise<number> {
  const committed = await offsets.committed(queue);
  if (committed !== undefined) return committed;
  switch (consumeFromWhere) {
    case 'CONSUME_FROM_FIRST_OFFSET':
      return 0;
    case 'CONSUME_FROM_LAST_OFFSET':
      return isRetryTopic(queue.topic) ? 0 : offsets.max(queue);
    case 'CONSUME_FROM_TIMESTAMP':
      return isRetryTopic(queue.topic) ? offsets.max(queue) : offsets.search(queue, consumeTimestamp);
  }
}
