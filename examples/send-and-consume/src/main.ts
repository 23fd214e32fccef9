// A producer and a consumer with a tag filter, on a broker in this process.
import { startBroker } from '@rocketshop/mq-broker';
import { Producer, PushConsumer } from '@rocketshop/mq-client';

const broker = await startBroker();
const { namesrvAddr } = broker;

const producer = new Producer({ namesrvAddr, producerGroup: 'shop' });
await producer.start();
for (const [tags, body] of [
  ['paid', 'order 1'],
  ['refunded', 'order 2'],
  ['paid', 'order 3'],
] as const) {
  const { sendStatus } = await producer.send({ topic: 'orders', tags, body: Buffer.from(body) });
  console.log(`sent ${body}: ${sendStatus}`);
}

const received: string[] = [];
await new Promise<void>((resolve, reject) => {
  const consumer = new PushConsumer({
    namesrvAddr,
    consumerGroup: 'billing',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  });
  consumer.subscribe('orders', 'paid');
  consumer.registerMessageListener(([message]) => {
    received.push(message?.body.toString() ?? '');
    // A listener that returns has consumed the message. The consumer commits the offset at its shutdown at the latest.
    if (received.length === 2) setImmediate(() => void consumer.shutdown().then(resolve, reject));
    return Promise.resolve();
  });
  consumer.start().catch(reject);
});
console.log(`consumed ${received.toSorted().join(', ')}`);

await producer.shutdown();
await broker.close();
