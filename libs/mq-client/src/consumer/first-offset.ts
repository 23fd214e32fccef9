import { isRetryTopic } from '@rocketshop/mq-protocol';
import type { MessageQueue } from '../message.js';
import type { BrokerOffsets } from './broker-offsets.js';
import type { ConsumeFromWhere } from './consumer.config.js';

/**
 * The offset at which a newly assigned queue begins: the committed one; without a committed one, as consumeFromWhere
 * says. With CONSUME_FROM_LAST_OFFSET a retry topic begins at 0, so that no redelivery is skipped. For a young queue
 * the broker answers 0 as the committed offset.
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
