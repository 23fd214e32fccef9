import { describe, expect, it } from '@jest/globals';
import { RECORDED_VERSIONS, recordedBytes } from '../fixtures/recorded.js';
import { decodeFrame } from '../frame/decode-frame.js';
import type { RemotingCommand } from '../frame/remoting-command.js';
import { decodeBatchBody } from '../message/batch-body.js';
import { decompress } from '../message/compression.js';
import { decodeProperties } from '../message/properties.js';
import { RequestCode } from '../tables/request-code.js';
import type { RequestCodeName } from '../tables/request-code.js';
import type { BodyCodec } from './body/body-codec.js';
import {
  clusterInfoBody,
  consumerConnectionBody,
  consumerListBody,
  consumeStatsBody,
  ConsumerSendMsgBack,
  decodeCompressedRegisterBrokerBody,
  encodeCompressedRegisterBrokerBody,
  GetConsumerListByGroup,
  GetRouteInfoByTopic,
  heartbeatBody,
  kvTableBody,
  lockBatchRequestBody,
  lockBatchResponseBody,
  PullMessage,
  QueryConsumerOffset,
  registerBrokerBody,
  SendMessage,
  SendMessageV2,
  subscriptionGroupTableBody,
  topicListBody,
  topicRouteBody,
  topicStatsTableBody,
  UnregisterClient,
  UpdateConsumerOffset,
} from './index.js';

const recorded = Object.fromEntries(RECORDED_VERSIONS.map((version) => [version, recordedBytes(version)]));

const bodyOf = (version: string, name: string): Buffer => Buffer.from(recorded[version]?.encoded[name] ?? '', 'hex');

/** The first recorded frames of a request code, in both header forms. */
function requests(version: string, name: RequestCodeName): RemotingCommand[] {
  const { jsonFrames = {}, binaryFrames = {} } = recorded[version] ?? {};
  const frames = [...(jsonFrames[name] ?? []), ...(binaryFrames[name] ?? [])];
  const commands = frames.map((hex) => decodeFrame(Buffer.from(hex, 'hex')));
  expect(commands.length).toBeGreaterThan(1);
  expect(new Set(commands.map(({ serializeType }) => serializeType)).size).toBe(2);
  expect(commands.every(({ code }) => code === RequestCode[name])).toBe(true);
  return commands;
}

/** Members that came with version 5; readers of version 4 skip them. */
const SINCE_5 =
  /,"enableActingMaster":false|,"pullOffset":0|"heartbeatFingerprint":0,|,"withoutSub":false|"attributes":\{\},|"consumeMessageOrderly":false,|"consumeTimeoutMinute":15,|"groupRetryPolicy":\{"type":"CUSTOMIZED"\},|"groupSysFlag":0,|"forbiddenTable":\{\},|"stateVersion":0,/g;

function asWrittenBy(version: string, text: string | Buffer): string {
  return version === '4.9.7' ? text.toString().replaceAll(SINCE_5, '') : text.toString();
}

describe.each(RECORDED_VERSIONS)('bodies of the Java client %s', (version) => {
  const sameBytes: [string, BodyCodec<never>][] = [
    ['ConsumerConnection', consumerConnectionBody as BodyCodec<never>],
    ['KVTable', kvTableBody as BodyCodec<never>],
    ['TopicList', topicListBody as BodyCodec<never>],
    ['ConsumerList', consumerListBody as BodyCodec<never>],
    ['LockBatchResponseBody', lockBatchResponseBody as BodyCodec<never>],
  ];
  it.each(sameBytes)('%s is encoded to the same bytes', (name, codec) => {
    const bytes = bodyOf(version, name);
    expect(codec.encode(codec.decode(bytes)).toString()).toBe(bytes.toString());
  });

  it('TopicRouteData: ids without quotes, with quotes when asked for, and an order configuration', () => {
    for (const name of ['TopicRouteData', 'TopicRouteDataStandard', 'TopicRouteDataOrdered']) {
      const bytes = bodyOf(version, name);
      const route = topicRouteBody.decode(bytes);
      expect([...(route.brokerDatas[0]?.brokerAddrs ?? [])]).toEqual([
        [0, '10.0.0.1:10911'],
        [1, '10.0.0.2:10911'],
      ]);
      expect(route.orderTopicConf).toBe(name === 'TopicRouteDataOrdered' ? 'broker-a:4' : undefined);
      const text = topicRouteBody
        .encode(route, { numericKeys: name === 'TopicRouteDataStandard' ? 'quoted' : 'unquoted' })
        .toString();
      expect(asWrittenBy(version, text)).toBe(bytes.toString());
    }
  });

  it('ClusterInfo', () => {
    const bytes = bodyOf(version, 'ClusterInfo');
    const text = clusterInfoBody.encode(clusterInfoBody.decode(bytes)).toString();
    expect(asWrittenBy(version, text)).toBe(bytes.toString());
  });

  it('TopicStatsTable and ConsumeStats, whose keys are objects', () => {
    const topic = topicStatsTableBody.decode(bodyOf(version, 'TopicStatsTable'));
    expect(topic.offsets.toSorted((a, b) => a.queue.queueId - b.queue.queueId)).toEqual([
      {
        queue: { topic: 'T', brokerName: 'broker-a', queueId: 0 },
        minOffset: 0,
        maxOffset: 10,
        lastUpdateTimestamp: 1_700_000_000_000,
      },
      {
        queue: { topic: 'T', brokerName: 'broker-a', queueId: 1 },
        minOffset: 1,
        maxOffset: 11,
        lastUpdateTimestamp: 1_700_000_000_001,
      },
    ]);
    expect(topicStatsTableBody.decode(topicStatsTableBody.encode(topic))).toEqual(topic);
    const bytes = bodyOf(version, 'ConsumeStats');
    const stats = consumeStatsBody.decode(bytes);
    expect(stats.consumeTps).toBe(12.5);
    const text = consumeStatsBody.encode(stats).toString();
    expect(asWrittenBy(version, text)).toBe(bytes.toString());
  });

  it('HeartbeatData', () => {
    const bytes = bodyOf(version, 'HeartbeatData');
    const data = heartbeatBody.decode(bytes);
    expect(data).toMatchObject({
      clientID: '10.0.0.5@12345#7890',
      producerGroups: ['p'],
      consumerDataSet: [
        { groupName: 'g', subscriptionDataSet: [{ topic: 'T', tagsSet: ['TagA'], codeSet: [2_598_919] }] },
      ],
    });
    expect(heartbeatBody.decode(heartbeatBody.encode(data))).toEqual(data);
    expect(asWrittenBy(version, heartbeatBody.encode(data))).toBe(bytes.toString());
  });

  it('RegisterBrokerBody, as JSON and compressed', () => {
    const body = registerBrokerBody.decode(bodyOf(version, 'RegisterBrokerBody'));
    expect([...body.topicConfigs.topicConfigTable.values()].map((topic) => `${topic.topicName} ${topic.perm}`)).toEqual(
      expect.arrayContaining(['T 6', 'TBW102 7']),
    );
    expect(body.topicConfigs.dataVersion).toEqual({ counter: 3, stateVersion: 0, timestamp: 1_700_000_000_000 });
    const compressed = decodeCompressedRegisterBrokerBody(bodyOf(version, 'RegisterBrokerBodyCompressed'));
    expect(sorted(compressed.topicConfigs.topicConfigTable)).toEqual(sorted(body.topicConfigs.topicConfigTable));
    expect(decodeCompressedRegisterBrokerBody(encodeCompressedRegisterBrokerBody(body, 479))).toEqual(body);
    expect(registerBrokerBody.decode(registerBrokerBody.encode(body))).toEqual(body);
  });

  it('SubscriptionGroupWrapper', () => {
    const bytes = bodyOf(version, 'SubscriptionGroupWrapper');
    const table = subscriptionGroupTableBody.decode(bytes);
    expect(table.subscriptionGroupTable.get('g')).toMatchObject({
      retryQueueNums: 1,
      retryMaxTimes: 16,
      consumeEnable: true,
    });
    expect(subscriptionGroupTableBody.decode(subscriptionGroupTableBody.encode(table))).toEqual(table);
    expect(asWrittenBy(version, subscriptionGroupTableBody.encode(table))).toBe(bytes.toString());
  });

  it('LockBatchRequestBody', () => {
    const request = lockBatchRequestBody.decode(bodyOf(version, 'LockBatchRequestBody'));
    expect(request).toEqual({
      clientId: 'c',
      consumerGroup: 'g',
      mqSet: [{ topic: 'T', brokerName: 'broker-a', queueId: 1 }],
    });
  });
});

const sorted = <T>(map: Map<string, T>): [string, T][] =>
  [...map].toSorted(([left], [right]) => (left < right ? -1 : 1));

describe.each(RECORDED_VERSIONS)('requests of a running Java client %s', (version) => {
  it('SEND_MESSAGE_V2: plain, oneway, compressed and delayed', () => {
    const texts = new Map<string, Record<string, string>>();
    for (const command of requests(version, 'SEND_MESSAGE_V2')) {
      const header = SendMessageV2.readRequest(command);
      expect(header).toMatchObject({ a: 'producer-group', b: 'Orders', c: 'TBW102', d: 4, k: false, m: false });
      const properties = decodeProperties(header.i ?? '');
      expect(properties['UNIQ_KEY']).toMatch(/^[0-9A-F]{32,56}$/);
      const body = command.body ?? Buffer.alloc(0);
      const text = (header.f & 1) === 1 ? decompress(body, header.f).toString() : body.toString();
      texts.set(text, properties);
    }
    expect([...texts.keys()].toSorted()).toEqual(['0123456789'.repeat(600), 'delayed', 'hello', 'one way']);
    expect(texts.get('hello')).toMatchObject({ emoji: '😀 标签', TAGS: 'TagA', KEYS: 'key-1' });
    expect(texts.get('delayed')).toMatchObject({ DELAY: '1' });
  });

  it('SEND_BATCH_MESSAGE', () => {
    for (const command of requests(version, 'SEND_BATCH_MESSAGE')) {
      expect(SendMessageV2.readRequest(command).m).toBe(true);
      const items = decodeBatchBody(command.body ?? Buffer.alloc(0));
      expect(items.map(({ body }) => body.toString())).toEqual(['batch-0', 'batch-1', 'batch-2']);
    }
  });

  it('PULL_MESSAGE, UPDATE_CONSUMER_OFFSET, QUERY_CONSUMER_OFFSET', () => {
    for (const command of requests(version, 'PULL_MESSAGE')) {
      const header = PullMessage.readRequest(command);
      expect(header).toMatchObject({ consumerGroup: 'consumer-group', queueId: 0, maxMsgNums: 32 });
      expect(header.suspendTimeoutMillis).toBe(15_000);
      expect(PullMessage.readRequest(PullMessage.createRequest(header))).toEqual(header);
    }
    for (const command of requests(version, 'UPDATE_CONSUMER_OFFSET')) {
      expect(UpdateConsumerOffset.readRequest(command).commitOffset).toBeGreaterThanOrEqual(0);
      expect(command.flag).toBe(2);
    }
    for (const command of requests(version, 'QUERY_CONSUMER_OFFSET')) {
      expect(QueryConsumerOffset.readRequest(command).queueId).toBe(0);
    }
  });

  it('HEART_BEAT with subscriptions, and what goes with a group', () => {
    const beats = requests(version, 'HEART_BEAT').map((command) => heartbeatBody.decode(command.body));
    const consumer = beats.flatMap((beat) => beat.consumerDataSet)[0];
    expect(consumer).toMatchObject({
      groupName: 'consumer-group',
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    });
    const orders = consumer?.subscriptionDataSet.find(({ topic }) => topic === 'Orders');
    expect(orders?.tagsSet.toSorted()).toEqual(['TagA', 'TagB']);
    expect(orders?.codeSet.toSorted()).toEqual([2_598_919, 2_598_920]);
    for (const command of requests(version, 'GET_CONSUMER_LIST_BY_GROUP')) {
      expect(GetConsumerListByGroup.readRequest(command).consumerGroup).toBe('consumer-group');
    }
    for (const command of requests(version, 'UNREGISTER_CLIENT')) {
      expect(UnregisterClient.readRequest(command).clientID).toContain('@');
    }
    for (const command of requests(version, 'GET_ROUTEINFO_BY_TOPIC')) {
      expect(GetRouteInfoByTopic.readRequest(command).topic).toMatch(/Orders|TBW102|consumer-group/);
    }
  });

  it('CONSUMER_SEND_MSG_BACK', () => {
    for (const command of requests(version, 'CONSUMER_SEND_MSG_BACK')) {
      expect(ConsumerSendMsgBack.readRequest(command)).toMatchObject({
        offset: 0,
        group: 'consumer-group',
        delayLevel: 0,
        originTopic: 'Orders',
        maxReconsumeTimes: 16,
      });
    }
  });

  it.each(['JSON', 'ROCKETMQ'])('the same send under long and short names (%s)', (type) => {
    const long = SendMessage.readRequest(decodeFrame(bodyOf(version, `Send${type}`)));
    const short = SendMessageV2.readRequest(decodeFrame(bodyOf(version, `SendV2${type}`)));
    expect([short.a, short.b, short.g, short.h, short.i]).toEqual([
      long.producerGroup,
      long.topic,
      long.bornTimestamp,
      long.flag,
      long.properties,
    ]);
    const pull = decodeFrame(bodyOf(version, `PullResponse${type}`));
    expect(PullMessage.readResponse(pull)).toMatchObject({ nextBeginOffset: 5, minOffset: 1, maxOffset: 2 ** 40 });
    expect(pull).toMatchObject({ remark: 'FOUND "标签"', opaque: 42, flag: 1, body: Buffer.from([1, 2, 3]) });
    const sent = SendMessage.readResponse(decodeFrame(bodyOf(version, `SendResponse${type}`)));
    expect(sent).toMatchObject({
      msgId: '0A00000100002A9F000000000001E240',
      queueId: 1,
      queueOffset: 99,
      TRACE_ON: 'true',
    });
  });
});
