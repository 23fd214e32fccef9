import { Producer, PullConsumer, PushConsumer } from '@rocketshop/mq-client';
import type { AdminClient, MessageExt } from '@rocketshop/mq-client';
import { until } from '@rocketshop/shop-testkit';
import { checkRow } from '../report.js';
import type { Row } from '../report.js';

const CLIENT = 'rocketshop';
const MESSAGES = 1_000;
const QUEUES = 4;
/** A timer of Apache RocketMQ runs every 100 ms, and on a loaded machine it runs late. */
const LATENESS_MS = 2_500;

/** Checks what push consumers and plain sending do not: pulling, the dead letter queue, delays and administration. */
export async function clientOnApache(namesrvAddr: string, admin: AdminClient): Promise<Row[]> {
  const producer = new Producer({ namesrvAddr, producerGroup: 'compat-apache-producers' });
  await producer.start();
  try {
    return [
      await checkRow(CLIENT, 'pull', () => pullEverything(namesrvAddr, admin, producer)),
      await checkRow(CLIENT, 'retry to DLQ', () => walkToDeadLetters(namesrvAddr, admin, producer)),
      await checkRow(CLIENT, 'delay levels', () => measureDelays(namesrvAddr, admin, producer)),
      await checkRow(CLIENT, 'administration', () => administer(admin, producer)),
    ];
  } finally {
    await producer.shutdown();
  }
}

async function pullEverything(namesrvAddr: string, admin: AdminClient, producer: Producer): Promise<string> {
  const topic = 'compat-apache-pull';
  await admin.createTopic(topic, { readQueueNums: QUEUES });
  for (let n = 0; n < MESSAGES; n++)
    await producer.send({ topic, body: Buffer.from(String(n)), tags: n % 2 === 0 ? 'even' : 'odd' });
  const consumer = new PullConsumer({ namesrvAddr, consumerGroup: 'compat-apache-readers' });
  await consumer.start();
  try {
    const bodies: string[] = [];
    const queues = await consumer.fetchMessageQueues(topic);
    expectEqual('queues', queues.length, QUEUES);
    for (const queue of queues) {
      const end = await consumer.maxOffset(queue);
      for (let offset = await consumer.minOffset(queue); offset < end;) {
        const result = await consumer.pull(queue, 'even', offset, 32);
        bodies.push(...result.messages.map(({ body }) => body.toString()));
        offset = result.nextBeginOffset;
      }
      expectEqual('status at the end', (await consumer.pull(queue, '*', end, 32)).status, 'NO_NEW_MSG');
      expectEqual('status beyond it', (await consumer.pull(queue, '*', end + 10, 32)).status, 'OFFSET_ILLEGAL');
      expectEqual('offset of the epoch', await consumer.searchOffset(queue, 0), 0);
      await consumer.updateConsumeOffset(queue, end);
      expectEqual('committed offset', await consumer.fetchConsumeOffset(queue), end);
    }
    const wanted = Array.from({ length: MESSAGES / 2 }, (_, n) => String(2 * n));
    expectEqual('messages of the tag', bodies.toSorted().join(), wanted.toSorted().join());
    return `${bodies.length} of ${MESSAGES} by tag, each once; offsets kept`;
  } finally {
    await consumer.shutdown();
  }
}

async function walkToDeadLetters(namesrvAddr: string, admin: AdminClient, producer: Producer): Promise<string> {
  const topic = 'compat-apache-poison';
  const consumerGroup = 'compat-apache-failing';
  const maxReconsumeTimes = 2;
  await admin.createTopic(topic, { readQueueNums: 1 });
  const deliveries: MessageExt[] = [];
  const failing = await consume(namesrvAddr, consumerGroup, topic, { maxReconsumeTimes }, (message, context) => {
    deliveries.push(message);
    context.retryProperties = { 'failure-class': 'PoisonError', 'failure-message': `attempt ${deliveries.length}` };
    throw new Error('poison');
  });
  try {
    const { msgId } = await producer.send({ topic, body: Buffer.from('poison'), keys: 'poison-key' });
    const dead = await untilDead(namesrvAddr, consumerGroup);
    const ladder = deliveries.map(({ reconsumeTimes }) => reconsumeTimes).join();
    expectEqual('reconsumeTimes of the deliveries', ladder, '0,1,2');
    expectEqual('topic of every delivery', new Set(deliveries.map((message) => message.topic)).size, 1);
    expectEqual('reason of the attempt before', deliveries[2]?.properties['failure-message'], 'attempt 2');
    expectEqual('reason in the DLQ', dead.properties['failure-message'], 'attempt 3');
    expectEqual('class in the DLQ', dead.properties['failure-class'], 'PoisonError');
    expectEqual('body in the DLQ', dead.body.toString(), 'poison');
    expectEqual('UNIQ_KEY in the DLQ', dead.properties['UNIQ_KEY'], msgId);
    expectEqual('RETRY_TOPIC in the DLQ', dead.properties['RETRY_TOPIC'], topic);
    return `${deliveries.length} deliveries, then %DLQ% with its reason`;
  } finally {
    await failing.shutdown();
  }
}

async function untilDead(namesrvAddr: string, consumerGroup: string): Promise<MessageExt> {
  const dead: MessageExt[] = [];
  const topic = `%DLQ%${consumerGroup}`;
  const consumer = await consume(namesrvAddr, 'compat-apache-undertaker', topic, {}, (message) => dead.push(message));
  try {
    return await until(() => dead[0], { timeoutMs: 60_000, description: `a message in ${topic}` });
  } finally {
    await consumer.shutdown();
  }
}

/** The delay levels of the broker with the scaled times. */
const EXPECTED_DELAYS_MS = new Map([
  [1, 1_000],
  [5, 1_000],
  [6, 2_000],
  [8, 4_000],
]);

async function measureDelays(namesrvAddr: string, admin: AdminClient, producer: Producer): Promise<string> {
  const topic = 'compat-apache-delays';
  await admin.createTopic(topic, { readQueueNums: QUEUES });
  const delays = new Map<number, number>();
  const consumer = await consume(namesrvAddr, 'compat-apache-waiting', topic, {}, (message) => {
    delays.set(Number(message.body.toString()), Date.now() - message.bornTimestamp);
  });
  try {
    for (const level of EXPECTED_DELAYS_MS.keys())
      await producer.send({ topic, body: Buffer.from(String(level)), delayTimeLevel: level });
    await until(() => delays.size === EXPECTED_DELAYS_MS.size, {
      timeoutMs: 20_000,
      description: 'all delays to pass',
    });
    for (const [level, delayMs] of EXPECTED_DELAYS_MS) {
      const actual = delays.get(level) ?? -1;
      if (actual < delayMs || actual > delayMs + LATENESS_MS)
        throw new Error(`level ${level} took ${actual} ms, ${delayMs} were due`);
    }
    return [...delays].map(([level, ms]) => `level ${level}: ${ms} ms`).join(', ');
  } finally {
    await consumer.shutdown();
  }
}

async function administer(admin: AdminClient, producer: Producer): Promise<string> {
  const topic = 'compat-apache-administered';
  await admin.createTopic(topic, { readQueueNums: 2 });
  expectEqual('queues of the route', (await admin.fetchTopicRoute(topic)).queueDatas[0]?.readQueueNums, 2);
  const { offsetMsgId } = await producer.send({ topic, body: Buffer.from('seen') });
  expectEqual('message by id', (await admin.viewMessage(offsetMsgId)).body.toString(), 'seen');
  const { offsets } = await admin.examineTopicStats(topic);
  expectEqual(
    'messages',
    offsets.reduce((total, { maxOffset, minOffset }) => total + maxOffset - minOffset, 0),
    1,
  );
  await admin.deleteTopic(topic);
  expectEqual('topic after its end', (await admin.fetchAllTopics()).includes(topic), false);
  return 'topic created, read and deleted, message viewed by id';
}

type Handler = (
  message: MessageExt,
  context: { retryProperties?: Readonly<Record<string, string>> | undefined },
) => unknown;

async function consume(
  namesrvAddr: string,
  consumerGroup: string,
  topic: string,
  options: { maxReconsumeTimes?: number },
  handle: Handler,
): Promise<PushConsumer> {
  const consumer = new PushConsumer({
    namesrvAddr,
    consumerGroup,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    instanceName: consumerGroup,
    pollNameServerInterval: 500,
    rebalanceInterval: 1_000,
    ...options,
  });
  consumer.subscribe(topic);
  consumer.registerMessageListener((messages, context) => {
    for (const message of messages) handle(message, context);
  });
  await consumer.start();
  return consumer;
}

function expectEqual<T>(what: string, actual: T, expected: T): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, not ${String(expected)}`);
}
