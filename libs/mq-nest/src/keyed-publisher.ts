import type { RocketmqMessage } from './rocketmq-message.js';
import type { RocketmqPublisher } from './rocketmq.publisher.js';

/**
 * The publisher as an outbox's port. The key of an outbox row becomes the order key too, so that the messages of one
 * key go to one queue in the order of their rows.
 */
export const keyedPublisher = (publisher: Pick<RocketmqPublisher, 'publish'>) => ({
  async publish(row: RocketmqMessage & { readonly key: string }): Promise<void> {
    const { topic, tag, key, payload, delayMs, headers } = row;
    await publisher.publish({ topic, tag, key, orderKey: key, payload, delayMs, headers });
  },
});
