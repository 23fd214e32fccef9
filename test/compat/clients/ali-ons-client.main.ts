import { Consumer, Message, Producer } from 'ali-ons';
import {
  bodyOf,
  checksum,
  concurrently,
  DELAY_LEVEL,
  idOf,
  isUnwanted,
  messageId,
  outcomeOf,
  tagOf,
  TEXT,
  unwantedId,
  unwantedTag,
} from '../kinds.js';
import type { Kind } from '../kinds.js';
import { report, runClient } from './command-line.js';
import type { Member, SendJob, Subscription } from './command-line.js';

/** ali-ons logs to standard error, since standard output is for the reports. */
const write = (...words: unknown[]): void => console.error(...words);
const logger = { debug: () => undefined, info: () => undefined, warn: write, error: write };
const connection = (nameSrv: string) => ({ nameSrv, logger, httpclient: {} });

async function send(nameSrv: string, count: number, jobs: readonly SendJob[]): Promise<void> {
  const producer = new Producer({
    ...connection(nameSrv),
    producerGroup: 'compat-ali-ons-producers',
    sendMsgTimeout: 10_000,
  });
  producer.on('error', write);
  await producer.ready();
  for (const { kind, topic } of jobs) {
    const started = performance.now();
    const one = async (n: number): Promise<void> => sendOne(producer, kind, topic, n);
    if (kind === 'async') await concurrently(count, one);
    else for (let n = 0; n < count; n++) await one(n);
    report({ event: 'done', kind, ms: Math.round(performance.now() - started) });
  }
  await producer.close();
}

async function sendOne(producer: Producer, kind: Kind, topic: string, n: number): Promise<void> {
  const id = messageId(kind, n);
  const message = new Message(topic, kind === 'tags' ? tagOf(n) : '', bodyOf(id));
  message.keys = [id];
  message.properties['text'] = TEXT;
  if (kind === 'delay') message.delayTimeLevel = DELAY_LEVEL;
  const { sendStatus } = await producer.send(message);
  report(sendStatus === 'SEND_OK' ? { event: 'sent', kind, id } : { event: 'failed', kind, id, reason: sendStatus });
  if (kind === 'tags' && n % 2 === 0) await producer.send(new Message(topic, unwantedTag(n) ?? '', unwantedId(n)));
}

async function consume(
  nameSrv: string,
  consumerGroup: string,
  subscriptions: readonly Subscription[],
): Promise<Member> {
  const consumer = new Consumer({
    ...connection(nameSrv),
    consumerGroup,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  });
  consumer.on('error', write);
  for (const { topic, expression } of subscriptions) consumer.subscribe(topic, expression, take);
  await consumer.ready();
  return {
    heldQueues: () =>
      [...consumer.processQueueTable.values()]
        .map(({ messageQueue }) => messageQueue)
        .filter(({ topic }) => !topic.startsWith('%'))
        .map(({ topic, queueId }) => `${topic}:${queueId}`),
    leave: () => consumer.close(),
  };
}

async function take({ topic, body, properties, queueId, bornTimestamp, reconsumeTimes }: Message): Promise<unknown> {
  const id = idOf(body);
  if (outcomeOf(id, reconsumeTimes) === 'retry') return Promise.resolve(Consumer.ACTION_RETRY);
  report({
    event: 'received',
    id,
    crc: checksum(body),
    intact: isUnwanted(id) || properties['text'] === TEXT,
    queue: `${topic}:${queueId}`,
    ageMs: Date.now() - Number(bornTimestamp),
  });
  return Promise.resolve(undefined);
}

await runClient({ send, consume }, process.argv.slice(2));
// The inner producer of ali-ons keeps connections open and has no method to close them.
process.exit();
