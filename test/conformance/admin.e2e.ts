import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { createResponse, RequestCode, ResponseCode } from '@rocketshop/mq-protocol';
import type { Peer, RemotingCommand } from '@rocketshop/mq-protocol';

import { until } from '@rocketshop/shop-testkit';
import { BrokerUnderTest, heartbeat, pull, send } from './support/broker-under-test.js';
import { routeText } from './support/nameserver-under-test.js';
import { askRaw, askText, topicUpdate } from './support/raw-request.js';

/** Rows 55 and 56 of the conformance list: what mqadmin asks a broker, by raw requests. */
describe('an administrator', () => {
  let broker: BrokerUnderTest;
  let peer: Peer;
  let nameServer: Peer;

  const textOf = (code: number, extFields: Record<string, string> = {}): Promise<string> =>
    askText(peer, code, extFields);
  const updateTopic = (topic: string, changes: Record<string, string> = {}): Promise<RemotingCommand> =>
    askRaw(peer, RequestCode.UPDATE_AND_CREATE_TOPIC, topicUpdate(topic, changes));
  const deleteTopic = (topic: string): Promise<RemotingCommand> =>
    askRaw(peer, RequestCode.DELETE_TOPIC_IN_BROKER, { topic });
  const routeOf = (topic: string): Promise<string> => routeText(nameServer, topic);

  beforeEach(async () => {
    broker = await BrokerUnderTest.start();
    peer = await broker.connect();
    nameServer = await broker.connectNameServer();
  });

  afterEach(() => broker.close());

  describe('changes topics (row 56)', () => {
    it('and sees them on the broker and in the route, however often the change is repeated', async () => {
      for (let repetition = 0; repetition < 2; repetition++) {
        expect((await updateTopic('orders', { attributes: '+message.type=NORMAL' })).code).toBe(ResponseCode.SUCCESS);
      }
      await until(async () => (await routeOf('orders')).includes('"perm":6,"readQueueNums":4'));
      expect(JSON.parse(await textOf(RequestCode.GET_TOPIC_CONFIG, { topic: 'orders' }))).toEqual({
        attributes: { 'message.type': 'NORMAL' },
        order: false,
        perm: 6,
        readQueueNums: 4,
        topicFilterType: 'SINGLE_TAG',
        topicName: 'orders',
        topicSysFlag: 0,
        writeQueueNums: 4,
      });

      await updateTopic('orders', { perm: '4', readQueueNums: '8', writeQueueNums: '8' });
      await until(async () => (await routeOf('orders')).includes('"perm":4,"readQueueNums":8'));
    });

    it('and finds them all in one page, with the total 5.x tools stop at', async () => {
      await updateTopic('orders');
      const answer = await askRaw(peer, RequestCode.GET_ALL_TOPIC_CONFIG, { topicSeq: '0' });
      const { topicConfigTable } = JSON.parse(String(answer.body)) as { topicConfigTable: Record<string, unknown> };
      expect(topicConfigTable).toHaveProperty('orders');
      expect(answer.extFields?.['totalTopicNum']).toBe(String(Object.keys(topicConfigTable).length));
    });

    it.each(['../../x', '', 'a/b', 'a.b', 'a b', `${'x'.repeat(128)}`, 'TBW102', 'SCHEDULE_TOPIC_XXXX', 'rmq_sys_x'])(
      'but neither makes nor deletes "%s"',
      async (topic) => {
        expect((await updateTopic(topic)).code).toBe(ResponseCode.INVALID_PARAMETER);
        expect((await deleteTopic(topic)).code).toBe(ResponseCode.INVALID_PARAMETER);
      },
    );

    it.each([{ readQueueNums: '-1' }, { writeQueueNums: '1000000' }, { perm: '8' }, { attributes: '+colour=red' }])(
      'but not to %j',
      async (changes) => {
        expect((await updateTopic('orders', changes)).code).toBe(ResponseCode.INVALID_PARAMETER);
        expect((await askRaw(peer, RequestCode.GET_TOPIC_CONFIG, { topic: 'orders' })).code).toBe(17);
      },
    );

    it('and deletes them with their messages, queue files and offsets, however often', async () => {
      await updateTopic('orders');
      await send(peer, 'orders', { queueId: 1 });
      await commitOffset('group', 'orders', 1, 1);
      const folder = join(broker.handle.storePathRootDir, 'consumequeue', 'orders');

      for (let repetition = 0; repetition < 2; repetition++) {
        expect((await deleteTopic('orders')).code).toBe(ResponseCode.SUCCESS);
      }
      expect((await pull(peer, 'orders', { queueId: 1 })).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
      await expect(access(folder)).rejects.toThrow('ENOENT');
      expect(await textOf(RequestCode.QUERY_TOPICS_BY_CONSUMER, { group: 'group' })).toBe('{"topicList":[]}');

      await updateTopic('orders');
      expect(await textOf(RequestCode.GET_TOPIC_STATS_INFO, { topic: 'orders' })).toContain('"maxOffset":0');
    });
  });

  describe('changes groups (row 56)', () => {
    const update = (config: object): Promise<RemotingCommand> =>
      askRaw(peer, RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, {}, { body: Buffer.from(JSON.stringify(config)) });

    it('and sees them, however often the change is repeated', async () => {
      for (let repetition = 0; repetition < 2; repetition++) {
        expect((await update({ groupName: 'g', retryMaxTimes: 3 })).code).toBe(ResponseCode.SUCCESS);
      }
      const config = JSON.parse(await textOf(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: 'g' })) as object;
      expect(config).toMatchObject({ groupName: 'g', retryMaxTimes: 3, consumeEnable: true, retryQueueNums: 1 });
      const all = await askRaw(peer, RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, {});
      const { subscriptionGroupTable } = JSON.parse(String(all.body)) as { subscriptionGroupTable: object };
      expect(all.extFields?.['totalGroupNum']).toBe(String(Object.keys(subscriptionGroupTable).length));
    });

    it.each([
      { groupName: '../g' },
      { groupName: 'x'.repeat(121) },
      { groupName: 'g', retryQueueNums: 100_000 },
      { groupName: 'g', retryMaxTimes: 1.5 },
    ])('but not to %j', async (config) => {
      expect((await update(config)).code).toBe(ResponseCode.INVALID_PARAMETER);
      expect((await askRaw(peer, RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: 'g' })).code).toBe(26);
    });

    it('and deletes them, with their offsets where asked', async () => {
      await update({ groupName: 'g' });
      await updateTopic('orders');
      await commitOffset('g', 'orders', 0, 0);
      const remove = (extFields: Record<string, string>): Promise<RemotingCommand> =>
        askRaw(peer, RequestCode.DELETE_SUBSCRIPTIONGROUP, { groupName: 'g', ...extFields });

      expect((await remove({})).code).toBe(ResponseCode.SUCCESS);
      expect(await textOf(RequestCode.QUERY_TOPICS_BY_CONSUMER, { group: 'g' })).toBe('{"topicList":["orders"]}');
      expect((await remove({ cleanOffset: 'true' })).code).toBe(ResponseCode.SUCCESS);
      expect(await textOf(RequestCode.QUERY_TOPICS_BY_CONSUMER, { group: 'g' })).toBe('{"topicList":[]}');
    });
  });

  describe('looks at the state (row 55)', () => {
    const queue = (queueId: number): string => `{"brokerName":"broker-a","queueId":${queueId},"topic":"orders"}`;

    beforeEach(async () => {
      await updateTopic('orders', { readQueueNums: '2', writeQueueNums: '2' });
      for (let count = 0; count < 3; count++) await send(peer, 'orders', { queueId: 0 });
    });

    it('of the broker, in the keys and formats the tools parse', async () => {
      const { table } = JSON.parse(await textOf(RequestCode.GET_BROKER_RUNTIME_INFO)) as {
        table: Record<string, string>;
      };
      expect(table['brokerVersionDesc']).toBe('V5_3_3');
      for (const key of [
        'putTps',
        'getTransferredTps',
        'getTransferedTps',
        'getTotalTps',
        'getFoundTps',
        'getMissTps',
      ]) {
        expect([key, table[key]]).toEqual([key, expect.stringMatching(/^[\d.]+ [\d.]+ [\d.]+$/)]);
      }
      for (const key of ['msgPutTotalTodayNow', 'msgGetTotalYesterdayMorning', 'sendThreadPoolQueueSize']) {
        expect([key, table[key]]).toEqual([key, expect.stringMatching(/^\d+$/)]);
      }
      expect(table['earliestMessageTimeStamp']).toMatch(/^\d{13}$/);
      expect(table['commitLogDiskRatio']).toMatch(/^[01](\.\d+)?$/);
      expect(table['runtime']).toMatch(/^\[ \d+ days, \d+ hours, \d+ minutes, \d+ seconds \]$/);
      expect(table['msgPutTotalTodayNow']).toBe('3');
    });

    it('of a topic: an entry for each queue, keyed by objects', async () => {
      const text = await textOf(RequestCode.GET_TOPIC_STATS_INFO, { topic: 'orders' });
      expect(text).toMatch(/^\{"offsetTable":\{\{/);
      expect(text.replace(/"lastUpdateTimestamp":\d{13}/, '"lastUpdateTimestamp":stored')).toContain(
        `${queue(0)}:{"lastUpdateTimestamp":stored,"maxOffset":3,"minOffset":0}`,
      );
      expect(text).toContain(`${queue(1)}:{"lastUpdateTimestamp":0,"maxOffset":0,"minOffset":0}`);
      expect(await textOf(RequestCode.GET_TOPIC_STATS_INFO, { topic: 'nobody' })).toContain('code 17');
    });

    it('of a group that is online: progress, members, subscriptions', async () => {
      await heartbeat(peer, '10.0.0.5@1', 'g', { orders: 'A||B' });
      await commitOffset('g', 'orders', 0, 2);

      const progress = await textOf(RequestCode.GET_CONSUME_STATS, { consumerGroup: 'g' });
      expect(progress.replace(/"lastTimestamp":\d{13}/, '"lastTimestamp":stored')).toContain(
        `${queue(0)}:{"brokerOffset":3,"consumerOffset":2,"lastTimestamp":stored,"pullOffset":2}`,
      );
      expect(progress).toContain(`${queue(1)}:{"brokerOffset":0,"consumerOffset":0,"lastTimestamp":0,"pullOffset":0}`);

      const connection = JSON.parse(
        await textOf(RequestCode.GET_CONSUMER_CONNECTION_LIST, { consumerGroup: 'g' }),
      ) as object;
      expect(connection).toMatchObject({
        connectionSet: [
          { clientAddr: `${peer.localHost}:${peer.localPort}`, clientId: '10.0.0.5@1', language: 'JAVA' },
        ],
        consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
        consumeType: 'CONSUME_PASSIVELY',
        messageModel: 'CLUSTERING',
        subscriptionTable: { orders: { subString: 'A||B', tagsSet: ['A', 'B'] } },
      });
      expect(await textOf(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, { topic: 'orders' })).toBe('{"groupList":["g"]}');
      expect(await textOf(RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, { group: 'g', topic: 'orders' })).toMatch(
        /^\{"group":"g","subscriptionData":\{.*\},"topic":"orders"\}$/,
      );
      const span = await textOf(RequestCode.QUERY_CONSUME_TIME_SPAN, { group: 'g', topic: 'orders' });
      expect(span).toMatch(/"consumeTimeStamp":\d{13},"delayTime":\d+,"maxTimeStamp":\d{13}/);
      expect(await textOf(RequestCode.GET_BROKER_CONSUME_STATS, { isOrder: 'false' })).toMatch(
        /"consumeStatsList":\[\{"g":\[\{"consumeTps":.*"totalDiff":1,/,
      );
    });

    it('of a group that is offline', async () => {
      expect(await textOf(RequestCode.GET_CONSUMER_CONNECTION_LIST, { consumerGroup: 'g' })).toBe(
        'code 206: the consumer group[g] not online',
      );
      expect(await textOf(RequestCode.GET_CONSUME_STATS, { consumerGroup: 'g' })).toBe(
        '{"consumeTps":0,"offsetTable":{}}',
      );
    });

    it('of producers', async () => {
      const body = Buffer.from('{"clientID":"10.0.0.6@2","consumerDataSet":[],"producerDataSet":[{"groupName":"p"}]}');
      await askRaw(peer, RequestCode.HEART_BEAT, {}, { body });
      expect(await textOf(RequestCode.GET_PRODUCER_CONNECTION_LIST, { producerGroup: 'p' })).toContain('"10.0.0.6@2"');
      expect(await textOf(RequestCode.GET_PRODUCER_CONNECTION_LIST, { producerGroup: 'q' })).toContain('code 1');
      expect(await textOf(RequestCode.GET_ALL_PRODUCER_INFO)).toContain('"p":[{"clientId":"10.0.0.6@2"');
    });

    it('by statistics, in the names the tools use', async () => {
      const stats = (statsName: string, statsKey: string): Promise<string> =>
        textOf(RequestCode.VIEW_BROKER_STATS_DATA, { statsName, statsKey });
      expect(await stats('TOPIC_PUT_NUMS', 'orders')).toMatch(/^\{"statsDay":.*"statsMinute":\{"avgpt":/);
      expect(await stats('GROUP_GET_NUMS', 'orders@g')).toContain('"statsMinute"');
      expect(await stats('BROKER_PUT_NUMS', 'DefaultCluster')).toContain('"statsMinute"');
      expect(await stats('UNHEARD_OF', 'orders')).toContain('code 1');
    });

    it('by the list of system topics', async () => {
      expect(await textOf(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER)).toContain('"TBW102"');
    });
  });

  it('is answered what a consumer says of itself, and an error when there is none', async () => {
    const group = { consumerGroup: 'g', clientId: '10.0.0.5@1' };
    expect(await textOf(RequestCode.GET_CONSUMER_RUNNING_INFO, group)).toContain('code 1: The Consumer');
    const consumer = await broker.connect({
      onRequest: (request) => createResponse(request, ResponseCode.SUCCESS, { body: Buffer.from('{"jstack":""}') }),
    });
    await heartbeat(consumer, '10.0.0.5@1', 'g', { orders: '*' });
    expect(await textOf(RequestCode.GET_CONSUMER_RUNNING_INFO, group)).toBe('{"jstack":""}');
  });

  function commitOffset(
    consumerGroup: string,
    topic: string,
    queueId: number,
    offset: number,
  ): Promise<RemotingCommand> {
    const commitOffset = String(offset);
    return askRaw(peer, RequestCode.UPDATE_CONSUMER_OFFSET, {
      consumerGroup,
      topic,
      queueId: String(queueId),
      commitOffset,
    });
  }
});
