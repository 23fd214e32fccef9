import type { RocketmqPublisher } from '@rocketshop/mq-nest';
import type { OutboxPublisher } from '@rocketshop/outbox';

/** The outbox's port to the broker: a row's key is also what keeps the messages of one order in one queue. */
export const toOutboxPublisher = (publisher: RocketmqPublisher): OutboxPublisher => ({
  async publish({ topic, tag, key, payload, delayMs, headers }) {
    await publisher.publish({ topic, tag, key, orderKey: key, payload, delayMs, headers });
  },
});
