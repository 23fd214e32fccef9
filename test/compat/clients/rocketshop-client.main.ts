import { Producer, PushConsumer } from '@rocketshop/mq-client';
import type { Message, SendResult } from '@rocketshop/mq-client';
import {
  BATCH_SIZE,
  bodyOf,
  concurrently,
  DELAY_LEVEL,
  idOf,
  messageId,
  outcomeOf,
  tagOf,
  TEXT,
  unwantedId,
  unwantedTag,
} from '../kinds.js';
import type { Kind } from '../kinds.js';
import { receivedEvent } from './received-event.js';
import { report, runClient } from './command-line.js';
import type { Member, SendJob, Subscription } from './command-line.js';

async function send(namesrvAddr: string, count: number, jobs: readonly SendJob[]): Promise<void> {
  const producer = new Producer({ namesrvAddr, producerGroup: 'compat-rocketshop-producers', sendMsgTimeout: 10_000 });
  await producer.start();
  for (const { kind, topic } of jobs) {
    const started = performance.now();
    await sendKind(producer, kind, topic, count);
    report({ event: 'done', kind, ms: Math.round(performance.now() - started) });
  }
  await producer.shutdown();
}

async function sendKind(producer: Producer, kind: Kind, topic: string, count: number): Promise<void> {
  const one = async (n: number): Promise<void> => reportStored(kind, [n], await producer.send(message(kind, topic, n)));
  if (kind === 'async') return concurrently(count, one);
  if (kind === 'batch') return sendBatches(producer, topic, count);
  for (let n = 0; n < count; n++) {
    if (kind === 'one-way') {
      await producer.sendOneway(message(kind, topic, n));
      report({ event: 'sent', kind, id: messageId(kind, n) });
    } else await one(n);
    if (kind === 'tags' && n % 2 === 0) await producer.send(unwanted(topic, n));
  }
}

async function sendBatches(producer: Producer, topic: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += BATCH_SIZE) {
    const numbers = Array.from({ length: Math.min(BATCH_SIZE, count - from) }, (_, index) => from + index);
    const result = await producer.sendBatch(numbers.map((n) => message('batch', topic, n)));
    reportStored('batch', numbers, result);
  }
}

function message(kind: Kind, topic: string, n: number): Message {
  const id = messageId(kind, n);
  return {
    topic,
    body: bodyOf(id),
    keys: id,
    properties: { text: TEXT },
    ...(kind === 'tags' ? { tags: tagOf(n) } : {}),
    ...(kind === 'delay' ? { delayTimeLevel: DELAY_LEVEL } : {}),
  };
}

function unwanted(topic: string, n: number): Message {
  const tags = unwantedTag(n);
  return { topic, body: Buffer.from(unwantedId(n)), ...(tags === undefined ? {} : { tags }) };
}

function reportStored(kind: Kind, numbers: readonly number[], { sendStatus }: SendResult): void {
  for (const n of numbers) {
    const id = messageId(kind, n);
    report(sendStatus === 'SEND_OK' ? { event: 'sent', kind, id } : { event: 'failed', kind, id, reason: sendStatus });
  }
}

async function consume(
  namesrvAddr: string,
  consumerGroup: string,
  subscriptions: readonly Subscription[],
): Promise<Member> {
  const consumer = new PushConsumer({
    namesrvAddr,
    consumerGroup,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    pollNameServerInterval: 1_000,
  });
  for (const { topic, expression } of subscriptions) consumer.subscribe(topic, expression);
  consumer.registerMessageListener(([message], context) => {
    if (message === undefined) return 'CONSUME_SUCCESS';
    const outcome = outcomeOf(idOf(message.body), message.reconsumeTimes);
    if (outcome === 'dead') context.delayLevelWhenNextConsume = -1;
    if (outcome !== 'take') return 'RECONSUME_LATER';
    report(receivedEvent(message));
    return 'CONSUME_SUCCESS';
  });
  await consumer.start();
  return {
    heldQueues: () =>
      consumer
        .assignedQueues()
        .filter(({ topic }) => !topic.startsWith('%'))
        .map(({ topic, queueId }) => `${topic}:${queueId}`),
    leave: () => consumer.shutdown(),
  };
}

await runClient({ send, consume }, process.argv.slice(2));
