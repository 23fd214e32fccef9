// The handler of a delayed message fails. The broker delivers the message again after growing delays, and at last the message is in
// the dead letter queue.
import { startBroker } from '@rocketshop/mq-broker';
import { Producer, PullConsumer, PushConsumer } from '@rocketshop/mq-client';

// The retry delays are 10 s, 30 s, 1 min, 2 min ... 2 h. This broker divides them by a thousand.
const broker = await startBroker({ timeScale: 1000 });
const { namesrvAddr } = broker;

const consumer = new PushConsumer({
  namesrvAddr,
  consumerGroup: 'reminder',
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  maxReconsumeTimes: 3,
});
let attempts = 0;
const exhausted = new Promise<void>((resolve) => {
  consumer.registerMessageListener(([message]) => {
    attempts += 1;
    console.log(`attempt ${attempts}, redelivered ${message?.reconsumeTimes} times`);
    if (message?.reconsumeTimes === 3) resolve();
    return Promise.reject(new Error('the mail server is down')); // the broker delivers the message again
  });
});
consumer.subscribe('reminders');
await consumer.start();

const producer = new Producer({ namesrvAddr, producerGroup: 'shop' });
await producer.start();
// Level 3 is 10 s, and 10 ms on this broker.
await producer.send({ topic: 'reminders', body: Buffer.from('pay order 1'), delayTimeLevel: 3 });
await exhausted;
await consumer.shutdown();

const dead = new PullConsumer({ namesrvAddr, consumerGroup: 'operator' });
await dead.start();
const [queue] = await dead.fetchMessageQueues('%DLQ%reminder');
if (!queue) throw new Error('the dead letter queue has no queue');
const { messages } = await dead.pullBlockIfNotFound(queue, '*', 0, 1);
console.log(`in the dead letter queue: ${messages[0]?.body.toString()}`);

await dead.shutdown();
await producer.shutdown();
await broker.close();
