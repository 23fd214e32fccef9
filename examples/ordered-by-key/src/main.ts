// Messages of one key go to one queue, so they keep their order. The keys are spread over the queues.
import { startBroker } from '@rocketshop/mq-broker';
import { Producer, PullConsumer, selectQueueByHash } from '@rocketshop/mq-client';

const broker = await startBroker();
const { namesrvAddr } = broker;

const producer = new Producer({ namesrvAddr, producerGroup: 'shop' });
await producer.start();
for (const step of ['created', 'paid', 'shipped']) {
  for (const order of ['order-1', 'order-2', 'order-3']) {
    const message = { topic: 'order-steps', keys: order, body: Buffer.from(step) };
    await producer.send(message, { selector: selectQueueByHash, arg: order });
  }
}

const reader = new PullConsumer({ namesrvAddr, consumerGroup: 'reader' });
await reader.start();
const steps = new Map<string, string[]>();
for (const queue of await reader.fetchMessageQueues('order-steps')) {
  const { messages } = await reader.pull(queue, '*', 0, 32);
  for (const message of messages) {
    const order = message.properties['KEYS'] ?? '';
    steps.set(order, [...(steps.get(order) ?? []), message.body.toString()]);
  }
}
for (const [order, taken] of [...steps].toSorted(([a], [b]) => a.localeCompare(b))) {
  console.log(`${order}: ${taken.join(' -> ')}`);
}

await reader.shutdown();
await producer.shutdown();
await broker.close();
