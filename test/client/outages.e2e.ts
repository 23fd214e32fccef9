import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { BrokerRefusedError, ClientError, Producer, PushConsumer } from '@rocketshop/mq-client';
import { createGate, until } from '@rocketshop/shop-testkit';
import { MessageSystem, numbered, Received, recordingLogger } from './support/message-system.js';

describe('an outage', () => {
  let system: MessageSystem;
  beforeAll(async () => {
    system = await MessageSystem.start();
  });
  afterEach(() => system.stopClients());
  afterAll(() => system.stop());

  it('of the broker needs no restart of its clients', async () => {
    const topic = await system.topic(2);
    const received = new Received();
    const consumerGroup = system.name('group');
    await system.consumer({ [topic]: '*' }, received.listener, { consumerGroup });
    const producer = await system.producer();
    for (const body of numbered(20, 'before')) await producer.send({ topic, body: Buffer.from(body) });
    await until(() => received.bodies.length === 20);

    await system.stopBroker();
    await expect(producer.send({ topic, body: Buffer.from('lost') }, { timeoutMs: 200 })).rejects.toMatchObject({
      retriable: true,
    });
    // These sends begin during the outage, and their time limit is longer than the outage.
    const pending = producer.send({ topic, body: Buffer.from('patient') }, { timeoutMs: 10_000 });
    await system.startBroker();
    expect(await pending).toMatchObject({ sendStatus: 'SEND_OK' });
    for (const body of numbered(20, 'after')) await producer.send({ topic, body: Buffer.from(body) });

    await until(() => received.distinct.size >= 41);
    expect([...received.distinct].filter((body) => body !== 'lost').sort()).toEqual(
      [...numbered(20, 'after'), ...numbered(20, 'before'), 'patient'].sort(),
    );
    const admin = await system.admin();
    await until(async () => {
      const { offsets } = await admin.examineConsumeStats(consumerGroup, topic);
      return offsets.length === 2 && offsets.every((offset) => offset.consumerOffset === offset.brokerOffset);
    });
  });

  it('of the name server does not stop sends and deliveries; new topics are found when it is back', async () => {
    const topic = await system.topic(2);
    const received = new Received();
    await system.consumer({ [topic]: '*' }, received.listener);
    const producer = await system.producer();
    await producer.send({ topic, body: Buffer.from('before') });
    await until(() => received.bodies.length === 1);

    await system.stopNameServer();
    for (const body of numbered(10)) await producer.send({ topic, body: Buffer.from(body) });
    await until(() => received.bodies.length === 11);
    await expect(producer.send({ topic: 'never-heard-of', body: Buffer.from('x') })).rejects.toMatchObject({
      code: 'NO_NAME_SERVER',
    });

    await system.startNameServer();
    // A broker registers every ten seconds at most. A restart of the broker registers its routes at once.
    await system.stopBroker();
    await system.startBroker();
    await until(
      async () => (await producer.send({ topic: 'heard-of-now', body: Buffer.from('x') })).sendStatus === 'SEND_OK',
    );
    await producer.send({ topic, body: Buffer.from('after') });
    await until(() => received.distinct.has('after'));
  });

  it('may end after a consumer has started: name server, broker and topic may come later', async () => {
    const topic = system.name('later');
    const received = new Received();
    await system.stopNameServer();
    await system.stopBroker();
    await system.consumer({ [topic]: '*' }, received.listener);
    await system.startNameServer();
    await system.startBroker();
    const producer = await system.producer();
    await until(async () => (await producer.send({ topic, body: Buffer.from('hello') })).sendStatus === 'SEND_OK');
    await until(() => received.distinct.has('hello'));
  });

  it('lets a failed message be consumed here again, when the broker stops before the send-back', async () => {
    const topic = await system.topic(1);
    const gate = createGate();
    const deliveries: number[] = [];
    await system.consumer(
      { [topic]: '*' },
      async ([message]) => {
        deliveries.push(message?.reconsumeTimes ?? -1);
        if (deliveries.length > 1) return 'CONSUME_SUCCESS';
        await gate.opened;
        return 'RECONSUME_LATER';
      },
      { localRetryDelayMillis: 20 },
    );
    const producer = await system.producer();
    await producer.send({ topic, body: Buffer.from('x') });
    await until(() => deliveries.length === 1);
    await system.stopBroker();
    gate.open();
    await until(() => deliveries.length >= 2, { timeoutMs: 20_000 });
    expect(deliveries.slice(0, 2)).toEqual([0, 1]);
    await system.startBroker();
  }, 30_000);

  it('of one name server makes the client ask the next one', async () => {
    const topic = await system.topic(1);
    const producer = new Producer({
      namesrvAddr: `127.0.0.1:1;${system.namesrvAddr}`,
      producerGroup: 'p',
      connectTimeoutMillis: 500,
    });
    await producer.start();
    expect(await producer.send({ topic, body: Buffer.from('x') })).toMatchObject({ sendStatus: 'SEND_OK' });
    await producer.shutdown();
  });
});

describe('a broker that refuses', () => {
  let system: MessageSystem;
  beforeAll(async () => {
    system = await MessageSystem.start({
      autoCreateSubscriptionGroup: false,
      autoCreateTopicEnable: false,
      maxMessageSize: 1_000,
    });
  });
  afterAll(() => system.stop());

  it('makes the client log the group that the broker does not list', async () => {
    const topic = await system.topic(1);
    const { logger, lines } = recordingLogger();
    const consumerGroup = system.name('unknown');
    await system.consumer({ [topic]: '*' }, () => undefined, { consumerGroup, logger });
    await until(() => lines.some((line) => line.includes(`does not list this client in group ${consumerGroup}`)));
  });

  it('answers code 13 for a message that is too large, and gives no route for a topic that no client may create', async () => {
    const topic = await system.topic(1);
    const producer = await system.producer({ compressMsgBodyOverHowmuch: 100_000 });
    const refusal = producer.send({ topic, body: Buffer.alloc(2_000) });
    await expect(refusal).rejects.toBeInstanceOf(BrokerRefusedError);
    await expect(refusal).rejects.toMatchObject({ responseCode: 13, retriable: false });
    await expect(producer.send({ topic: 'unknown', body: Buffer.from('x') })).rejects.toMatchObject({
      code: 'NO_ROUTE',
    });
  });
});

describe('a shutdown', () => {
  it('leaves no timer and no socket, whatever was in progress', async () => {
    const system = await MessageSystem.start();
    const topic = await system.topic(4);
    await system.stopClients();
    await system.stopBroker();
    await system.stopNameServer();
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name.startsWith('TCP'));

    const options = { namesrvAddr: system.namesrvAddr, connectTimeoutMillis: 200 };
    const consumer = new PushConsumer({ ...options, consumerGroup: 'g' });
    consumer.subscribe(topic);
    consumer.registerMessageListener(() => undefined);
    const producer = new Producer({ ...options, producerGroup: 'p' });
    await Promise.all([consumer.start(), producer.start()]);
    await expect(producer.send({ topic, body: Buffer.from('x') })).rejects.toBeInstanceOf(ClientError);
    await Promise.all([consumer.shutdown(), producer.shutdown()]);
    await until(() => {
      const now = process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name.startsWith('TCP'));
      return now.length <= before.length + 1; // One more, because this wait has a timer too.
    });
    await system.stop();
  });
});
