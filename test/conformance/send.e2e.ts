import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  decodeOffsetMsgId,
  encodeBatchBody,
  RequestCode,
  SendMessage,
  TopicName,
  topicRouteBody,
} from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';
import { until } from '@rocketshop/shop-testkit';
import { ask, BrokerUnderTest, pull, send, sendRequest, sent } from './support/broker-under-test.js';

const MiB = 1024 * 1024;

/** Rows 19 to 27 of the conformance list: what may be sent and what is stored. */
describe('a send', () => {
  let broker: BrokerUnderTest;
  let peer: Peer;

  beforeEach(async () => {
    broker = await BrokerUnderTest.start();
    peer = await broker.connect();
  });

  afterEach(() => broker.close());

  it('by 310 is answered with an id that tells host and position (row 19)', async () => {
    const answer = await ask(peer, sendRequest('orders'));
    const { msgId, queueOffset, MSG_REGION, TRACE_ON } = SendMessage.readResponse(answer);

    expect(msgId).toMatch(/^[0-9A-F]{32}$/);
    expect(decodeOffsetMsgId(msgId)).toEqual({ host: '127.0.0.1', port: broker.handle.port, physicalOffset: 0 });
    expect({ queueOffset, MSG_REGION, TRACE_ON }).toEqual({
      queueOffset: 0,
      MSG_REGION: 'DefaultRegion',
      TRACE_ON: 'true',
    });
  });

  it('by 10 has long names and is stored the same (row 19)', async () => {
    const extFields = {
      producerGroup: 'g',
      topic: 'orders',
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: '4',
      queueId: '2',
      sysFlag: '0',
      bornTimestamp: '1700000000000',
      flag: '9',
      properties: 'TAGS\u0001TagA\u0002',
      batch: 'false',
    };
    const answer = await ask(peer, { ...sendRequest('orders'), code: RequestCode.SEND_MESSAGE, extFields });
    const { messages } = await pull(peer, 'orders', { queueId: 2 });

    expect(sent(answer)).toMatchObject({ code: 0, queueId: 2, queueOffset: 0 });
    expect(messages[0]).toMatchObject({ flag: 9, bornTimestamp: 1_700_000_000_000, properties: { TAGS: 'TagA' } });
  });

  it('of a batch gives consecutive offsets and one id each (rows 19, 20)', async () => {
    await send(peer, 'orders');
    const items = ['a', 'b', 'c'].map((text) => ({
      flag: 0,
      body: Buffer.from(text),
      properties: { UNIQ_KEY: `KEY-${text}` },
    }));
    const request = sendRequest('orders', { batch: true, body: encodeBatchBody(items) });
    const answer = sent(await ask(peer, { ...request, code: RequestCode.SEND_BATCH_MESSAGE }));
    const { messages } = await pull(peer, 'orders');

    expect(answer).toMatchObject({ code: 0, queueOffset: 1 });
    expect(messages.map(({ queueOffset, body }) => [queueOffset, body.toString()])).toEqual([
      [0, 'hello'],
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
    expect(answer.msgId.split(',')).toEqual(messages.slice(1).map(({ offsetMsgId }) => offsetMsgId));
    expect(messages[1]?.properties['UNIQ_KEY']).toBe('KEY-a');
  });

  it('counts every queue for itself, without gaps (row 20)', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => send(peer, 'orders', { queueId: index % 4 })),
    );

    for (let queueId = 0; queueId < 4; queueId += 1) {
      const offsets = answers.filter((answer) => answer.queueId === queueId).map(({ queueOffset }) => queueOffset);
      expect(offsets).toEqual(Array.from({ length: 25 }, (_, index) => index));
    }
  });

  it('to an unknown topic creates it, and the name server knows (row 21)', async () => {
    await send(peer, 'brand-new');
    const nameServer = await broker.connectNameServer();
    const route = await until(async () => {
      const answer = await ask(nameServer, {
        ...sendRequest(''),
        code: RequestCode.GET_ROUTEINFO_BY_TOPIC,
        extFields: { topic: 'brand-new' },
      });
      return answer.code === 0 && topicRouteBody.decode(answer.body);
    });

    expect(route.queueDatas).toMatchObject([{ brokerName: 'broker-a', readQueueNums: 4, writeQueueNums: 4, perm: 6 }]);
  });

  it('to an unknown topic is refused where topics are not created (row 21)', async () => {
    const strict = await BrokerUnderTest.start({ autoCreateTopicEnable: false });
    const answer = await send(await strict.connect(), 'brand-new');
    await strict.close();

    expect(answer).toMatchObject({ code: 17, remark: 'topic[brand-new] not exist, apply first please!' });
  });

  it('to a name that is none is refused and leaves nothing on the disk (row 22)', async () => {
    const parent = join(broker.handle.storePathRootDir, 'consumequeue');
    const codes: number[] = [];
    for (const topic of ['../x', 'a/b', 'a.b', 'a\u0000b', '%2e%2e', 'x'.repeat(128)]) {
      codes.push((await send(peer, topic)).code);
    }
    const empty = await ask(peer, {
      ...sendRequest('orders'),
      extFields: { ...sendRequest('orders').extFields, b: '' },
    });

    expect(codes).toEqual([29, 29, 29, 29, 0, 29]);
    expect(empty.code).toBe(29);
    expect(await readdir(parent).catch(() => [])).not.toContain('x');
    expect(await stat(join(broker.handle.storePathRootDir, 'x')).catch(() => 'absent')).toBe('absent');
  });

  it.each([
    TopicName.SCHEDULE_TOPIC,
    TopicName.TRANS_HALF_TOPIC,
    TopicName.TRANS_OP_HALF_TOPIC,
    TopicName.SELF_TEST_TOPIC,
    TopicName.OFFSET_MOVED_EVENT,
    TopicName.TRANS_CHECK_MAX_TIME_TOPIC,
  ])("to %s, which is the broker's own, is refused (row 23)", async (topic) => {
    expect((await send(peer, topic)).code).toBe(16);
  });

  it('to a queue that is not there is refused, to none in particular goes to any (row 24)', async () => {
    expect((await send(peer, 'orders', { queueId: 4 })).code).toBe(29);
    const answer = await send(peer, 'orders', { queueId: -1 });

    expect(answer.code).toBe(0);
    expect([0, 1, 2, 3]).toContain(answer.queueId);
  });

  it('that is too large is refused (row 25)', async () => {
    expect((await send(peer, 'orders', { body: Buffer.alloc(4 * MiB + 1) })).code).toBe(13);
    expect((await send(peer, 'orders', { properties: { big: 'x'.repeat(32_768) } })).code).toBe(13);
    expect((await send(peer, 'orders', { body: Buffer.alloc(4 * MiB, 1) })).code).toBe(0);
  });

  it('of a compressed body is delivered as it came (row 26)', async () => {
    const body = deflateSync(Buffer.alloc(10_000, 'rocket'));
    await send(peer, 'orders', { body, sysFlag: 1 });
    const { messages } = await pull(peer, 'orders');

    expect(messages[0]?.body.equals(body)).toBe(true);
    expect(messages[0]?.sysFlag).toBe(1);
  });

  it("keeps the sender's properties, without those that are for the broker only (row 27)", async () => {
    const properties = {
      WAIT: 'true',
      POP_CK: 'x',
      UNIQ_KEY: 'ID-1',
      TAGS: 'TagA',
      KEYS: 'k1 k2',
      'my property': 'é ☃ \u{1F680}',
    };
    await send(peer, 'orders', { properties });
    await send(peer, 'orders');
    const { messages } = await pull(peer, 'orders');

    const { POP_CK, ...kept } = properties;
    expect(POP_CK).toBe('x');
    expect(messages[0]?.properties).toEqual({
      ...kept,
      MSG_REGION: 'DefaultRegion',
      TRACE_ON: 'true',
      CLUSTER: 'DefaultCluster',
    });
    expect(messages[1]?.properties['UNIQ_KEY']).toMatch(/^[0-9A-F]{32}$/);
  });

  it('cannot say of its record what only the broker knows: the lengths of the addresses in it', async () => {
    const bornHostV6 = 16;
    const storeHostV6 = 32;
    await send(peer, 'orders', { body: 'first', sysFlag: bornHostV6 });
    await send(peer, 'orders', { body: 'second', sysFlag: bornHostV6 | storeHostV6 | 1 });
    await send(peer, 'orders', { body: 'later', sysFlag: bornHostV6, properties: { DELAY: '1' } });
    const batch = encodeBatchBody([{ flag: 0, body: Buffer.from('third'), properties: {} }]);
    await send(peer, 'orders', { body: batch, batch: true, sysFlag: storeHostV6 });

    const bodies = async (): Promise<string[]> =>
      (await pull(peer, 'orders')).messages.map(({ body, sysFlag }) => `${body.toString()} ${sysFlag}`);
    await until(async () => (await bodies()).length === 4);
    expect(await bodies()).toEqual(['first 0', 'second 1', 'third 0', 'later 0']);
  });

  it('of a transaction or a free delay is refused clearly: this broker does not serve them yet', async () => {
    expect((await send(peer, 'orders', { properties: { TRAN_MSG: 'true', PGROUP: 'g' }, sysFlag: 4 })).code).toBe(16);
    expect((await send(peer, 'orders', { properties: { TIMER_DELAY_SEC: '5' } })).code).toBe(13);
  });
});
