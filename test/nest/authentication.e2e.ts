import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Producer, PullConsumer } from '@rocketshop/mq-client';
import type { MessageExt } from '@rocketshop/mq-client';
import { connectPeer, ResponseCode, SendMessage } from '@rocketshop/mq-protocol';
import { RetryMessageError, RocketmqEventPattern } from '@rocketshop/mq-nest';
import type { MessageAuthentication, RocketmqContext } from '@rocketshop/mq-nest';
import { until } from '@rocketshop/shop-testkit';
import { NestApps } from './nest-apps.js';
import type { RunningApp } from './nest-apps.js';

jest.setTimeout(30_000);

const TOPIC = 'account-charged';
const GROUP = 'ledger';
const DLQ = `%DLQ%${GROUP}`;
const [oldKey, newKey] = ['old', 'new'].map((id) => ({ id, secret: `${id} secret of this story`.padEnd(32, '.') }));
const signedBy = (...keys: (typeof oldKey)[]): MessageAuthentication => ({
  keys: keys.filter((key) => key !== undefined),
  sender: 'bank',
  senders: { [TOPIC]: ['bank'] },
});

/** Keys of the messages that the handler has done. */
const done: string[] = [];
let behave: (context: RocketmqContext) => void = () => undefined;

@Controller()
class Ledger {
  @RocketmqEventPattern(TOPIC, { group: GROUP })
  charge(@Payload() _charge: unknown, @Ctx() context: RocketmqContext): void {
    behave(context);
    done.push(context.getKey() ?? '');
  }
}

@Controller()
class Silent {}

let system: NestApps;
let producer: Producer;
let reader: PullConsumer;

beforeAll(async () => {
  system = await NestApps.start();
  const { namesrvAddr } = system;
  producer = new Producer({ namesrvAddr, producerGroup: 'anybody' });
  reader = new PullConsumer({ namesrvAddr, consumerGroup: 'anybody' });
  await Promise.all([producer.start(), reader.start()]);
});
afterAll(async () => {
  await Promise.all([producer.shutdown(), reader.shutdown()]);
  await system.close();
});
/** Sends properties as they stand, as a client that checks nothing. */
async function sendRaw(topic: string, properties: string): Promise<void> {
  const peer = await connectPeer({ host: '127.0.0.1', port: system.brokerPort });
  const request = SendMessage.createRequest({
    producerGroup: 'anybody',
    topic,
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: 4,
    queueId: 0,
    sysFlag: 0,
    bornTimestamp: Date.now(),
    flag: 0,
    properties,
    reconsumeTimes: 0,
  });
  const answer = await peer.request({ ...request, body: Buffer.from('{"amount":"1"}') }, 5_000);
  peer.close();
  if (answer.code !== ResponseCode.SUCCESS) throw new Error(`${answer.code} ${answer.remark}`);
}

beforeEach(() => {
  done.length = 0;
  behave = () => undefined;
});

/** Every message of a topic, whole. */
async function messagesOf(topic: string): Promise<MessageExt[]> {
  const queues = await reader.fetchMessageQueues(topic).catch(() => []);
  const pulls = await Promise.all(queues.map((queue) => reader.pull(queue, '*', 0, 32)));
  return pulls.flatMap(({ messages }) => messages);
}

const deadLetter = (key: string) =>
  until(async () => (await messagesOf(DLQ)).find(({ properties }) => properties['KEYS'] === key));

/** Sends a copy, as a dump and its import do: body, properties, nothing else. The import writes its own ids. */
async function sendCopy({ body, properties }: MessageExt, topic = TOPIC): Promise<void> {
  const names = Object.entries(properties).filter(([name]) => !/^[A-Z_]+$/.test(name));
  const { TAGS: tags, KEYS: keys } = properties;
  await producer.send({
    topic,
    body,
    ...(tags === undefined ? {} : { tags }),
    ...(keys === undefined ? {} : { keys }),
    properties: Object.fromEntries(names),
  });
}

describe('a signed message', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await system.boot([Ledger], { authentication: signedBy(oldKey) });
  });
  afterAll(() => app.app.close());

  const publish = (key: string, more: object = {}) =>
    app.publisher.publish({ topic: TOPIC, key, tag: 'eur', payload: { key, amount: '7' }, ...more });

  it('reaches its handler through delay, redeliveries, and a body that the client compresses', async () => {
    behave = (context) => {
      if (context.getReconsumeTimes() < 2) throw new RetryMessageError('not yet', { delayMs: 1 });
    };
    await publish('delayed', { delayMs: 1 });
    await publish('long', { payload: { text: 'x'.repeat(100_000) } });
    await until(() => done.includes('delayed') && done.includes('long'));
  });

  it('is accepted again when people send it from the DLQ, or import it from a dump', async () => {
    behave = () => {
      throw Object.assign(new Error('\u0001 the \u0002 ledger \u0000 is closed \ud800'), { deadLetterAtOnce: true });
    };
    await publish('parked');
    const parked = await deadLetter('parked');
    expect(parked.properties['failure-message']).toBe('  the   ledger   is closed \uFFFD');
    behave = () => undefined;
    await sendCopy(parked);
    await until(() => done.filter((key) => key === 'parked').length === 1);
    const original = (await messagesOf(TOPIC)).find(({ properties }) => properties['KEYS'] === 'parked');
    if (original === undefined) throw new Error('the first message is gone');
    await sendCopy(original);
    await until(() => done.filter((key) => key === 'parked').length === 2);
  });

  it('is refused where anything of it differs, whichever way it comes', async () => {
    await publish('genuine');
    await until(() => done.includes('genuine'));
    const genuine = (await messagesOf(TOPIC)).find(({ properties }) => properties['KEYS'] === 'genuine');
    if (genuine === undefined) throw new Error('the genuine message is gone');
    const { 'message-mac': mac, ...unsigned } = genuine.properties;
    const forged = (key: string, properties: Record<string, string>, topic?: string) =>
      sendCopy({ ...genuine, properties: { ...properties, KEYS: key } }, topic);
    await forged('stolen-mac', genuine.properties);
    await forged('stripped', unsigned);
    await forged('truncated', { ...unsigned, 'message-mac': mac?.slice(0, 20) ?? '' });
    await producer.send({ topic: TOPIC, body: Buffer.from('{"amount":"1"}'), keys: 'bare' });
    await sendToRetryTopic('through-retry', { ...unsigned, RETRY_TOPIC: TOPIC });
    const reasons: Record<string, string | undefined> = {};
    for (const key of ['stolen-mac', 'stripped', 'truncated', 'bare', 'through-retry'])
      reasons[key] = /^[A-Z_]+/.exec((await deadLetter(key)).properties['failure-message'] ?? '')?.[0];
    expect(reasons).toEqual({
      'stolen-mac': 'MAC_WRONG',
      stripped: 'MAC_MISSING',
      truncated: 'MAC_MALFORMED',
      bare: 'MAC_MISSING',
      'through-retry': 'MAC_MISSING',
    });
    expect(done).toEqual(['genuine']);
    const counts = app.server.deliveryCounts().find(({ topic }) => topic === TOPIC);
    expect(counts?.refused).toEqual({ MAC_WRONG: 1, MAC_MISSING: 3, MAC_MALFORMED: 1 });
  });

  /** A client that puts a message straight into the group's retry topic: the consumer restores the topic from a property. */
  async function sendToRetryTopic(key: string, properties: Record<string, string>): Promise<void> {
    const text = Object.entries({ ...properties, KEYS: key }).map(([name, value]) => `${name}\u0001${value}`);
    await sendRaw(`%RETRY%${GROUP}`, `${text.join('\u0002')}\u0002`);
  }

  it('whose properties name the MAC twice is judged by one of them only', async () => {
    await publish('twice');
    await until(() => done.includes('twice'));
    const genuine = (await messagesOf(TOPIC)).find(({ properties }) => properties['KEYS'] === 'twice');
    const mac = genuine?.properties['message-mac'] ?? '';
    for (const [first, last] of [
      [mac, 'x'],
      ['x', mac],
    ])
      await sendRaw(TOPIC, `KEYS\u0001forged\u0002message-mac\u0001${first}\u0002message-mac\u0001${last}\u0002`);
    await until(
      async () => (await messagesOf(DLQ)).filter(({ properties }) => properties['KEYS'] === 'forged').length === 2,
    );
    expect(done).toEqual(['twice']);
  });
});

describe('the keys', () => {
  it('are changed in steps under load, and no message is lost', async () => {
    const steps = [[oldKey], [oldKey, newKey], [newKey, oldKey], [newKey]];
    const published: string[] = [];
    let publishing = true;
    let writer = (await system.boot([Silent], { authentication: signedBy(oldKey) })).publisher;
    const load = (async () => {
      while (publishing) {
        const key = `load-${published.length}`;
        await writer.publish({ topic: TOPIC, key, payload: { key } });
        published.push(key);
      }
    })();
    let consumer: RunningApp | undefined;
    for (const keys of steps) {
      const authentication = signedBy(...keys);
      const next = await system.boot([Ledger], { authentication, instanceName: `step-${steps.indexOf(keys)}` });
      await consumer?.app.close();
      consumer = next;
      // Writers follow when every reader knows the key.
      writer = (await system.boot([Silent], { authentication })).publisher;
      // A key is taken from the readers when all messages that it signed are done.
      const atSwitch = published.length;
      await until(() => published.length >= atSwitch + 20);
      const before = [...published];
      await until(() => before.every((key) => done.includes(key)));
    }
    publishing = false;
    await load;
    await until(() => published.every((key) => done.includes(key)));
    expect((await messagesOf(DLQ)).filter(({ properties }) => properties['KEYS']?.startsWith('load-'))).toEqual([]);
    await consumer?.app.close();
  });
});
