import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { selectQueueByHash } from '@rocketshop/mq-client';
import type { Message, SendResult } from '@rocketshop/mq-client';
import { until } from '@rocketshop/shop-testkit';
import { MessageSystem, numbered, Received } from './support/message-system.js';

describe('sending and receiving', () => {
  let system: MessageSystem;
  beforeAll(async () => {
    system = await MessageSystem.start();
  });
  afterEach(() => system.stopClients());
  afterAll(() => system.stop());

  it('delivers a thousand tagged messages to the subscribers of their tags, each once', async () => {
    const topic = await system.topic();
    const [some, all] = [new Received(), new Received()];
    await system.consumer({ [topic]: 'even||third' }, some.listener);
    await system.consumer({ [topic]: '*' }, all.listener);
    const producer = await system.producer();
    const tags = (index: number): string => (index % 2 === 0 ? 'even' : index % 3 === 0 ? 'third' : 'other');
    const results = await Promise.all(
      numbered(1_000).map((body, index) => producer.send({ topic, body: Buffer.from(body), tags: tags(index) })),
    );
    expect(new Set(results.map((result) => result.sendStatus))).toEqual(new Set(['SEND_OK']));
    const wanted = numbered(1_000).filter((_, index) => tags(index) !== 'other');
    await until(() => all.bodies.length >= 1_000 && some.bodies.length >= wanted.length);
    expect([...all.bodies].sort()).toEqual(numbered(1_000).sort());
    expect([...some.bodies].sort()).toEqual([...wanted].sort());
    expect(new Set(all.messages.map((message) => message.msgId))).toEqual(
      new Set(results.map((result) => result.msgId)),
    );
  });

  it('delivers keys, properties, flag and a compressed body unchanged', async () => {
    const topic = await system.topic(1);
    const received = new Received();
    await system.consumer({ [topic]: '*' }, received.listener);
    const producer = await system.producer();
    const message: Message = {
      topic,
      body: Buffer.from('compress me '.repeat(1_000)),
      tags: 'big',
      keys: ['k-1', 'k-2'],
      flag: 17,
      properties: { traceparent: '00-abc', grüße: 'schön "quoted" \\ \n' },
    };
    const result = await producer.send(message);
    await until(() => received.messages.length > 0);
    const [arrived] = received.messages;
    expect(arrived).toMatchObject({
      topic,
      flag: 17,
      sysFlag: 0,
      msgId: result.msgId,
      offsetMsgId: result.offsetMsgId,
      queueOffset: result.queueOffset,
      reconsumeTimes: 0,
      properties: { TAGS: 'big', KEYS: 'k-1 k-2', traceparent: '00-abc', grüße: 'schön "quoted" \\ \n' },
    });
    expect(arrived?.body.equals(message.body)).toBe(true);
    expect(arrived?.storeSize).toBeLessThan(message.body.length / 2);
    const admin = await system.admin();
    expect((await admin.viewMessage(result.offsetMsgId)).body.equals(message.body)).toBe(true);
  });

  it('stores a batch in one queue, and stores oneway messages', async () => {
    const topic = await system.topic(2);
    const received = new Received();
    await system.consumer({ [topic]: '*' }, received.listener);
    const producer = await system.producer();
    const batch = numbered(50, 'batch').map((body) => ({ topic, body: Buffer.from(body), tags: 'b' }));
    const result = await producer.sendBatch(batch);
    expect([result.sendStatus, result.msgId.split(',').length, result.offsetMsgId.split(',').length]).toEqual([
      'SEND_OK',
      50,
      50,
    ]);
    for (const body of numbered(50, 'oneway')) await producer.sendOneway({ topic, body: Buffer.from(body) });
    await until(() => received.bodies.length >= 100);
    expect([...received.bodies].sort()).toEqual([...numbered(50, 'batch'), ...numbered(50, 'oneway')].sort());
    const offsets = received.messages
      .filter(({ properties }) => properties['TAGS'] === 'b')
      .map((message) => message.queueOffset);
    expect(offsets.sort((a, b) => a - b)).toEqual(numbered(50).map((_, index) => result.queueOffset + index));
  });

  it('keeps the order of one key, and calls the callback', async () => {
    const topic = await system.topic(4);
    const producer = await system.producer();
    const results: SendResult[] = [];
    for (const body of numbered(20)) {
      results.push(
        await producer.send({ topic, body: Buffer.from(body) }, { selector: selectQueueByHash, arg: 'order-1001' }),
      );
    }
    expect(new Set(results.map((result) => result.messageQueue.queueId)).size).toBe(1);
    expect(results.map((result) => result.queueOffset)).toEqual(numbered(20).map((_, index) => index));
    const outcome = await new Promise<{ error: Error | undefined; result: SendResult | undefined }>((resolve) => {
      producer.sendAsync({ topic, body: Buffer.from('x') }, (error, result) => resolve({ error, result }));
    });
    expect(outcome).toMatchObject({ error: undefined, result: { sendStatus: 'SEND_OK' } });
  });

  it('creates a topic by the first send, and reads it with a pull consumer', async () => {
    const topic = system.name('made-by-sending');
    const producer = await system.producer();
    for (const body of numbered(12)) await producer.send({ topic, body: Buffer.from(body), tags: 'made' });
    const reader = await system.pullConsumer();
    const queues = await reader.fetchMessageQueues(topic);
    expect(queues).toHaveLength(4);
    const bodies: string[] = [];
    for (const queue of queues) {
      expect(await reader.fetchConsumeOffset(queue)).not.toBeGreaterThan(0);
      const result = await reader.pull(queue, 'made', await reader.minOffset(queue), 32);
      expect(result.nextBeginOffset).toBe(await reader.maxOffset(queue));
      bodies.push(...result.messages.map((message) => message.body.toString()));
      await reader.updateConsumeOffset(queue, result.nextBeginOffset);
      expect(await reader.fetchConsumeOffset(queue)).toBe(result.nextBeginOffset);
      expect(await reader.searchOffset(queue, 0)).toBe(0);
      expect((await reader.pull(queue, '*', result.nextBeginOffset, 32)).status).toBe('NO_NEW_MSG');
      expect((await reader.pull(queue, '*', result.nextBeginOffset + 5, 32)).status).toBe('OFFSET_ILLEGAL');
    }
    expect(bodies.sort()).toEqual(numbered(12).sort());
  });

  it('delivers a delayed message after its delay', async () => {
    const topic = await system.topic(1);
    const received = new Received();
    await system.consumer({ [topic]: '*' }, received.listener);
    const producer = await system.producer();
    const sentAt = Date.now();
    await producer.send({ topic, body: Buffer.from('later'), delayTimeLevel: 1 });
    await until(() => received.bodies.length > 0);
    expect(Date.now() - sentAt).toBeGreaterThanOrEqual(900);
  });
});
