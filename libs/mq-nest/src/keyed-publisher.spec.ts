import { expect, it } from '@jest/globals';
import { keyedPublisher } from './keyed-publisher.js';
import type { RocketmqMessage } from './rocketmq-message.js';

it("sends a row with its key as order key too, and without the row's other fields", async () => {
  const sent: RocketmqMessage[] = [];
  const publisher = keyedPublisher({
    publish: (message) => {
      sent.push(message);
      return Promise.resolve({ messageId: 'm', topic: message.topic, queueId: 0, queueOffset: 0 });
    },
  });
  const row = {
    id: '7',
    topic: 't',
    tag: undefined,
    key: 'order-1',
    payload: { a: 1 },
    delayMs: 5,
    headers: { h: 'v' },
  };
  await publisher.publish(row);
  const { id, ...message } = row;
  expect(id).toBe('7');
  expect(sent).toEqual([{ ...message, orderKey: 'order-1' }]);
});
