import type { RocketmqMessage } from './rocketmq-message.js';
import type { RocketmqPublisher } from './rocketmq.publisher.js';

/** A message whose key is also its order key, as an outbox hands it over. */
export interface KeyedMessage extends Pick<RocketmqMessage, 'topic' | 'tag' | 'payload' | 'delayMs' | 'headers'> {
  readonly key: string;
}

/**
 * The publisher as an outbox's port: a row's key is also what keeps the messages of one order in one queue.
 * Resolves on SEND_OK only, as the publisher does.
 */
export const keyedPublisher = (publisher: Pick<RocketmqPublisher, 'publish'>) => ({
  async publish({ topic, tag, key, payload, delayMs, headers }: KeyedMessage): Promise<void> {
    await publisher.publish({ topic, tag, key, orderKey: key, payload, delayMs, headers });
  },
});
