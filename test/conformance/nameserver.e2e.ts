import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { RequestCode, ResponseCode } from '@rocketshop/mq-protocol';
import type { Peer, RemotingCommand } from '@rocketshop/mq-protocol';

import { until } from '@rocketshop/shop-testkit';
import { crcOf, registration, topicTable, zlibRegistration } from './support/broker-registration.js';
import { NameServerUnderTest, routeText } from './support/nameserver-under-test.js';
import { askRaw } from './support/raw-request.js';

const { REGISTER_BROKER, GET_ROUTEINFO_BY_TOPIC } = RequestCode;

/** Rows 9 to 18 of the conformance list: what brokers, clients and tools rely on, asked with raw requests. */
describe('a name server', () => {
  let nameServer: NameServerUnderTest;
  const connect = (): Promise<Peer> => nameServer.connect();

  beforeEach(async () => {
    nameServer = await NameServerUnderTest.start();
  });

  afterEach(() => nameServer.close());

  describe('takes registrations', () => {
    it('with a right checksum or none, and refuses a wrong one (row 9)', async () => {
      const peer = await connect();
      const { extFields, body } = registration(topicTable('TBW102', 'orders'));
      const register = async (bodyCrc32: number): Promise<number> =>
        (await askRaw(peer, REGISTER_BROKER, { ...extFields, bodyCrc32: String(bodyCrc32) }, { body })).code;

      expect(await register(crcOf(body))).toBe(ResponseCode.SUCCESS);
      expect(await register(crcOf(body) ^ 1)).toBe(ResponseCode.SYSTEM_ERROR);
      expect(await register(0)).toBe(ResponseCode.SUCCESS);
    });

    it.each([409, 479])('compressed, as a broker of version %i sends them (row 9)', async (version) => {
      const peer = await connect();
      const { extFields, body } = zlibRegistration(topicTable('TBW102', 'orders'), version);
      const answer = await askRaw(peer, REGISTER_BROKER, extFields, { body, version });
      expect(answer.code).toBe(ResponseCode.SUCCESS);
      expect(await routeText(peer, 'orders')).toContain('"perm":6,"readQueueNums":4');
    });

    it('refuses a compressed body that would fill memory', async () => {
      const peer = await connect();
      const { extFields } = zlibRegistration(topicTable('TBW102', 'orders'), 409);
      const { deflateSync } = await import('node:zlib');
      const body = deflateSync(Buffer.alloc(64 * 1024 * 1024));
      const answer = await askRaw(peer, REGISTER_BROKER, { ...extFields, bodyCrc32: '0' }, { body });
      expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR);
    });

    it('refuses a first one with a single topic and takes a later one (row 10)', async () => {
      const peer = await connect();
      const one = registration(topicTable('orders'));
      const first = await askRaw(peer, REGISTER_BROKER, one.extFields, { body: one.body });
      expect(first.code).toBe(ResponseCode.SYSTEM_ERROR);
      expect(first.remark).toContain('register broker failed');

      const full = registration(topicTable('TBW102', 'payments'));
      expect((await askRaw(peer, REGISTER_BROKER, full.extFields, { body: full.body })).code).toBe(
        ResponseCode.SUCCESS,
      );
      const later = registration(topicTable('orders'), { counter: 2 });
      expect((await askRaw(peer, REGISTER_BROKER, later.extFields, { body: later.body })).code).toBe(
        ResponseCode.SUCCESS,
      );
      expect(await routeText(peer, 'orders')).toContain('"queueDatas":[{');
    });

    it('tells a slave where its master is, and a master nothing (row 12)', async () => {
      const [master, slave] = [await connect(), await connect()];
      const tables = topicTable('TBW102', 'orders');
      const first = registration(tables);
      const masterAnswer = await askRaw(master, REGISTER_BROKER, first.extFields, { body: first.body });
      expect(masterAnswer.extFields?.masterAddr).toBeUndefined();

      const second = registration(tables, {
        brokerId: '1',
        brokerAddr: '10.0.0.2:10911',
        haServerAddr: '10.0.0.2:10912',
      });
      const slaveAnswer = await askRaw(slave, REGISTER_BROKER, second.extFields, { body: second.body });
      expect(slaveAnswer.extFields).toMatchObject({ masterAddr: '10.0.0.1:10911', haServerAddr: '10.0.0.1:10912' });
    });

    it('keeps one entry of an address that comes back under another id (row 14)', async () => {
      const peer = await connect();
      const asSlave = registration(topicTable('TBW102', 'orders'), { brokerId: '1' });
      await askRaw(peer, REGISTER_BROKER, asSlave.extFields, { body: asSlave.body });
      const asMaster = registration(topicTable('TBW102', 'orders'));
      await askRaw(peer, REGISTER_BROKER, asMaster.extFields, { body: asMaster.body });
      expect(await routeText(peer, 'orders')).toContain('"brokerAddrs":{"0":"10.0.0.1:10911"}');
    });
  });

  describe('with a broker', () => {
    let broker: Peer;
    let client: Peer;
    const register = async (changes = {}): Promise<RemotingCommand> => {
      const { extFields, body } = registration(topicTable('TBW102', 'orders'), changes);
      return askRaw(broker, REGISTER_BROKER, extFields, { body });
    };

    beforeEach(async () => {
      broker = await connect();
      client = await connect();
      await register();
    });

    it('writes routes in the dialect the client reads (row 11)', async () => {
      expect(await routeText(client, 'orders', 317)).toContain('"brokerAddrs":{0:"10.0.0.1:10911"}');
      expect(await routeText(client, 'orders', 401)).toContain('"brokerAddrs":{"0":"10.0.0.1:10911"}');
      const asked = await askRaw(
        client,
        GET_ROUTEINFO_BY_TOPIC,
        { topic: 'orders', acceptStandardJsonOnly: 'true' },
        { version: 317 },
      );
      expect(String(asked.body)).toContain('"brokerAddrs":{"0":"10.0.0.1:10911"}');

      const unknown = await askRaw(client, GET_ROUTEINFO_BY_TOPIC, { topic: 'nobody' });
      expect(unknown.code).toBe(ResponseCode.TOPIC_NOT_EXIST);
      expect(unknown.remark).toContain('No topic route info in name server for the topic: nobody');
    });

    it('forgets it as soon as its connection closes (row 13)', async () => {
      broker.close();
      await until(async () => (await routeText(client, 'orders')) === 'code 17');
    });

    it('forgets it after two minutes of silence and closes its connection (row 13)', async () => {
      nameServer.now += 119_000;
      await askRaw(broker, RequestCode.BROKER_HEARTBEAT, {
        clusterName: 'DefaultCluster',
        brokerName: 'broker-a',
        brokerAddr: '10.0.0.1:10911',
      });
      nameServer.now += 119_000;
      expect(await routeText(client, 'orders')).toContain('queueDatas');
      nameServer.now += 2_000;
      await until(async () => (await routeText(client, 'orders')) === 'code 17');
      await until(() => broker.closed);
    });

    it('forgets it when it says goodbye', async () => {
      await askRaw(broker, RequestCode.UNREGISTER_BROKER, {
        clusterName: 'DefaultCluster',
        brokerName: 'broker-a',
        brokerAddr: '10.0.0.1:10911',
        brokerId: '0',
      });
      await until(async () => (await routeText(client, 'orders')) === 'code 17');
    });

    it('takes and gives back its write permission, which an unchanged registration does not undo (row 15)', async () => {
      const wiped = await askRaw(client, RequestCode.WIPE_WRITE_PERM_OF_BROKER, { brokerName: 'broker-a' });
      expect(wiped.extFields?.wipeTopicCount).toBe('2');
      expect(await routeText(client, 'orders')).toContain('"perm":4');

      await register();
      expect(await routeText(client, 'orders')).toContain('"perm":4');

      const added = await askRaw(client, RequestCode.ADD_WRITE_PERM_OF_BROKER, { brokerName: 'broker-a' });
      expect(added.extFields?.addTopicCount).toBe('2');
      expect(await routeText(client, 'orders')).toContain('"perm":6');
    });

    it('tells it whether its table changed', async () => {
      const names = {
        clusterName: 'DefaultCluster',
        brokerName: 'broker-a',
        brokerAddr: '10.0.0.1:10911',
        brokerId: '0',
      };
      const changed = async (counter: number): Promise<string | undefined> => {
        const body = Buffer.from(`{"counter":${counter},"stateVersion":0,"timestamp":1700000000000}`);
        return (await askRaw(broker, RequestCode.QUERY_DATA_VERSION, names, { body })).extFields?.changed;
      };
      expect(await changed(1)).toBe('false');
      expect(await changed(2)).toBe('true');
    });

    it('lists clusters, topics and system topics in the documented shapes (row 17)', async () => {
      const text = async (code: number, extFields = {}): Promise<string> =>
        String((await askRaw(client, code, extFields)).body);

      const cluster = await text(RequestCode.GET_BROKER_CLUSTER_INFO);
      expect(cluster).toContain('"brokerAddrs":{0:"10.0.0.1:10911"}');
      expect(cluster).toContain('"clusterAddrTable":{"DefaultCluster":["broker-a"]}');
      expect(await text(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)).toBe('{"topicList":["TBW102","orders"]}');
      expect(await text(RequestCode.GET_TOPICS_BY_CLUSTER, { cluster: 'DefaultCluster' })).toBe(
        '{"topicList":["TBW102","orders"]}',
      );
      expect(JSON.parse(await text(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS))).toEqual({
        brokerAddr: '10.0.0.1:10911',
        topicList: ['DefaultCluster', 'broker-a'],
      });
      expect(
        await text(RequestCode.GET_BROKER_MEMBER_GROUP, { clusterName: 'DefaultCluster', brokerName: 'broker-a' }),
      ).toBe(
        '{"brokerMemberGroup":{"brokerAddrs":{0:"10.0.0.1:10911"},"brokerName":"broker-a","cluster":"DefaultCluster"}}',
      );
    });

    it('forgets a topic when an administrator says so, and learns one', async () => {
      await askRaw(client, RequestCode.DELETE_TOPIC_IN_NAMESRV, { topic: 'orders' });
      expect(await routeText(client, 'orders')).toBe('code 17');

      const queueData = '{"brokerName":"broker-a","perm":6,"readQueueNums":2,"topicSysFlag":0,"writeQueueNums":2}';
      const body = Buffer.from(`{"queueDatas":[${queueData}],"brokerDatas":[]}`);
      await askRaw(client, RequestCode.REGISTER_TOPIC_IN_NAMESRV, { topic: 'orders' }, { body });
      expect(await routeText(client, 'orders')).toContain('"readQueueNums":2');
    });

    it('gives it the order topics with the answer to its registration (row 16)', async () => {
      await askRaw(client, RequestCode.PUT_KV_CONFIG, {
        namespace: 'ORDER_TOPIC_CONFIG',
        key: 'orders',
        value: 'broker-a:4',
      });
      expect(String((await register()).body)).toBe('{"table":{"orders":"broker-a:4"}}');
    });
  });

  it('answers 3 to a request it does not know', async () => {
    const answer = await askRaw(await connect(), 9999, {});
    expect([answer.code, answer.remark]).toEqual([3, ' request type 9999 not supported']);
  });
});
