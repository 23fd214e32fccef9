import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { BrokerRefusedError, ClientError, Producer, PushConsumer } from '@rocketshop/mq-client';
import { createGate, until } from '@rocketshop/shop-testkit';
import { MessageSystem, numbered, Received, recordingLogger } from './support/message-system.js';

describe('when something is away', () => {
  let system: MessageSystem;
  beforeAll(async () => {
    system = await MessageSystem.start();
  });
  afterEach(() => system.stopClients());
  afterAll(() => system.stop());

  it('nobody needs a restart after the broker was down', async () => {
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
    // Sent into the outage, with time enough to see its end.
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

  it('sending and receiving go on without a name server, and topics are found again once it is back', async () => {
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
    // A broker registers again only every ten seconds or later: its restart brings the routes back at once.
    await system.stopBroker();
    await system.startBroker();
    await until(
      async () => (await producer.send({ topic: 'heard-of-now', body: Buffer.from('x') })).sendStatus === 'SEND_OK',
    );
    await producer.send({ topic, body: Buffer.from('after') });
    await until(() => received.distinct.has('after'));
  });

  it('a consumer may start before the name server, the broker and the topic are there', async () => {
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

  it('a message is tried again here when the broker goes away before it can be given back', async () => {
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

  it('a name server that does not answer is passed over', async () => {
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

describe('when the broker refuses', () => {
  let system: MessageSystem;
  beforeAll(async () => {
    system = await MessageSystem.start({
      autoCreateSubscriptionGroup: false,
      autoCreateTopicEnable: false,
      maxMessageSize: 1_000,
    });
  });
  afterAll(() => system.stop());

  it('a group it does not know is named in the log', async () => {
    const topic = await system.topic(1);
    const { logger, lines } = recordingLogger();
    const consumerGroup = system.name('unknown');
    await system.consumer({ [topic]: '*' }, () => undefined, { consumerGroup, logger });
    await until(() => lines.some((line) => line.includes(`does not list this client in group ${consumerGroup}`)));
  });

  it('a message that is too large fails at once with code 13, and a topic nobody may create has no route', async () => {
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

describe('closing', () => {
  it('leaves no timer and no socket, whatever was under way', async () => {
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
      return now.length <= before.length + 1; // The one more is the timer of this wait itself.
    });
    await system.stop();
  });
});
