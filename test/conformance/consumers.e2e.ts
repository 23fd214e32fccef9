import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  consumerListBody,
  GetConsumerListByGroup,
  GetRouteInfoByTopic,
  LockBatchMq,
  lockBatchRequestBody,
  lockBatchResponseBody,
  PullSysFlag,
  QueryConsumerOffset,
  RequestCode,
  UnlockBatchMq,
  UpdateConsumerOffset,
} from '@rocketshop/mq-protocol';
import type { Peer, RemotingCommand } from '@rocketshop/mq-protocol';
import { until } from '@rocketshop/shop-testkit';
import { ask, BrokerUnderTest, heartbeat, pull, send } from './support/broker-under-test.js';

const queryOffset = (peer: Peer, topic: string, queueId = 0): Promise<RemotingCommand> =>
  ask(peer, QueryConsumerOffset.createRequest({ consumerGroup: 'group', topic, queueId }));

const updateOffset = (topic: string, commitOffset: number): RemotingCommand =>
  UpdateConsumerOffset.createRequest({ consumerGroup: 'group', topic, queueId: 0, commitOffset });

/** Rows 36 to 38 and 40 to 43 of the conformance list: groups, their members, where they stand and what they lock. */
describe('a consumer group', () => {
  let broker: BrokerUnderTest;
  let peer: Peer;

  beforeEach(async () => {
    broker = await BrokerUnderTest.start();
    peer = await broker.connect();
  });

  afterEach(() => broker.close());

  it("hears the broker's version from its heartbeat (row 36)", async () => {
    const answer = await heartbeat(peer, 'c1', 'group', { orders: '*' });

    expect(answer.code).toBe(0);
    expect(answer.version).toBeGreaterThanOrEqual(232);
  });

  it('has a retry topic from its first heartbeat on, and the name server knows it (row 37)', async () => {
    await heartbeat(peer, 'c1', 'group', { orders: '*' });
    const nameServer = await broker.connectNameServer();

    await until(
      async () => (await ask(nameServer, GetRouteInfoByTopic.createRequest({ topic: '%RETRY%group' }))).code === 0,
    );
  });

  it('tells its members who comes and goes (row 38)', async () => {
    const notices: [string, string | undefined][] = [];
    const member = (name: string): Promise<Peer> =>
      broker.connect({
        onRequest: (request) => {
          if (request.code === RequestCode.NOTIFY_CONSUMER_IDS_CHANGED)
            notices.push([name, request.extFields?.['consumerGroup']]);
          return undefined;
        },
      });
    const listed = async (): Promise<string[]> => {
      const answer = await ask(peer, GetConsumerListByGroup.createRequest({ consumerGroup: 'group' }));
      return answer.code === 0 ? consumerListBody.decode(answer.body).sort() : [];
    };
    expect(await listed()).toEqual([]);
    const [first, second] = [await member('first'), await member('second')];
    await heartbeat(first, 'c1', 'group', { orders: '*' });
    await heartbeat(second, 'c2', 'group', { orders: '*' });
    expect(await listed()).toEqual(['c1', 'c2']);
    await until(() => notices.some(([name]) => name === 'first') && notices.some(([name]) => name === 'second'));

    notices.length = 0;
    second.close();
    await until(() => notices.length > 0);
    expect(notices).toEqual([['first', 'group']]);
    expect(await listed()).toEqual(['c1']);
  });

  it('that never committed starts at 0 on a young topic (row 40)', async () => {
    await send(peer, 'orders');
    const answer = await queryOffset(peer, 'orders');

    expect(QueryConsumerOffset.readResponse(answer)).toEqual({ offset: 0 });
    const strict = QueryConsumerOffset.createRequest({
      consumerGroup: 'group',
      topic: 'orders',
      queueId: 0,
      setZeroIfNotFound: false,
    });
    expect((await ask(peer, strict)).code).toBe(22);
  });

  it('that never committed decides for itself on an old topic (row 40)', async () => {
    const old = await BrokerUnderTest.start({ storeOptions: { memoryDistanceBytes: 1 } });
    const reader = await old.connect();
    await send(reader, 'orders');
    await until(async () => (await pull(reader, 'orders')).maxOffset === 1);
    const { code } = await queryOffset(reader, 'orders');
    await old.close();

    expect(code).toBe(22);
  });

  it('finds what it committed, after a restart too (row 41)', async () => {
    const storePathRootDir = await mkdtemp(join(tmpdir(), 'rocketshop-conformance-'));
    const before = await BrokerUnderTest.start({ storePathRootDir });
    const writer = await before.connect();
    await send(writer, 'orders');
    await send(writer, 'orders');
    writer.oneway(updateOffset('orders', 2));
    expect(QueryConsumerOffset.readResponse(await queryOffset(writer, 'orders')).offset).toBe(2);
    await before.close();

    const after = await BrokerUnderTest.start({ storePathRootDir });
    const { offset } = QueryConsumerOffset.readResponse(await queryOffset(await after.connect(), 'orders'));
    await after.close();
    await rm(storePathRootDir, { recursive: true });
    expect(offset).toBe(2);
  });

  it('may commit with a pull (row 42)', async () => {
    await send(peer, 'orders');
    const sysFlag = PullSysFlag.COMMIT_OFFSET | PullSysFlag.SUBSCRIPTION;
    await pull(peer, 'orders', { consumerGroup: 'group', sysFlag, commitOffset: 1 });

    expect(QueryConsumerOffset.readResponse(await queryOffset(peer, 'orders')).offset).toBe(1);
  });

  it('locks a queue for one member, until it lets go or falls silent (row 43)', async () => {
    let now = 1_700_000_000_000;
    const after = (delayMs: number, action: () => void): (() => void) => {
      const timer = setTimeout(action, delayMs);
      return () => clearTimeout(timer);
    };
    const timed = await BrokerUnderTest.start({ clock: { now: () => now, monotonic: () => now, bootId: '', after } });
    const member = await timed.connect();
    const body = (clientId: string): Buffer =>
      lockBatchRequestBody.encode({
        clientId,
        consumerGroup: 'group',
        mqSet: [{ topic: 'orders', brokerName: 'broker-a', queueId: 0 }],
      });
    const lock = async (clientId: string): Promise<number> => {
      const answer = await ask(member, LockBatchMq.createRequest({}, { body: body(clientId) }));
      return lockBatchResponseBody.decode(answer.body).length;
    };
    const held = [await lock('A'), await lock('B')];
    now += 59_000;
    held.push(await lock('B'));
    now += 2_000;
    held.push(await lock('B'), await lock('A'));
    await ask(member, UnlockBatchMq.createRequest({}, { body: body('B') }));
    held.push(await lock('A'));
    await timed.close();

    expect(held).toEqual([1, 0, 0, 1, 0, 1]);
  });

  it('is told the limit when its heartbeat is longer than a broker decodes in one piece', async () => {
    const topics = Object.fromEntries(Array.from({ length: 2_001 }, (_, index) => [`t${index}`, '*']));
    expect((await heartbeat(peer, 'client', 'group', topics)).remark).toContain('may subscribe to 2000 topics');
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`topic-${index}`, '*']));
    const answer = await heartbeat(peer, 'client', 'group', many);
    expect([answer.code, answer.remark]).toEqual([29, expect.stringContaining('1048576 bytes')]);
  });
});
