import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RequestCode, ResponseCode } from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';
import { until } from '@rocketshop/shop-testkit';
import { BrokerUnderTest, heartbeat, pull, send, sendBack } from './support/broker-under-test.js';
import { askRaw, topicUpdate } from './support/raw-request.js';

const TOPIC = 'orders';
const GROUP = 'shop';
const SUSPEND = 2 | 4;

const createTopic = (peer: Peer) => askRaw(peer, RequestCode.UPDATE_AND_CREATE_TOPIC, topicUpdate(TOPIC));
const deleteTopic = (peer: Peer, topic = TOPIC) => askRaw(peer, RequestCode.DELETE_TOPIC_IN_BROKER, { topic });
const commit = (peer: Peer, offset: number) =>
  askRaw(peer, RequestCode.UPDATE_CONSUMER_OFFSET, {
    consumerGroup: GROUP,
    topic: TOPIC,
    queueId: '0',
    commitOffset: String(offset),
  });
const committed = async (peer: Peer) =>
  (
    await askRaw(peer, RequestCode.QUERY_CONSUMER_OFFSET, {
      consumerGroup: GROUP,
      topic: TOPIC,
      queueId: '0',
      setZeroIfNotFound: 'false',
    })
  ).extFields?.['offset'];

async function sendMany(peer: Peer, text: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await send(peer, TOPIC, { body: `${text}-${index}` });
}

/** Reads as a consumer does that goes where the broker sends it. */
async function readFrom(peer: Peer, offset: number): Promise<string[]> {
  const bodies: string[] = [];
  for (let at = offset, pulls = 0; pulls < 100; pulls++) {
    const { code, nextBeginOffset, messages } = await pull(peer, TOPIC, { queueOffset: at, consumerGroup: GROUP });
    bodies.push(...messages.map(({ body }) => body.toString()));
    if (code === ResponseCode.PULL_NOT_FOUND) return bodies;
    at = nextBeginOffset;
  }
  throw new Error('the pulls do not come to an end');
}

describe('a consumer whose offset is beyond the end of the queue', () => {
  let storePathRootDir: string;
  let broker: BrokerUnderTest;
  let peer: Peer;

  const start = async (): Promise<void> => {
    broker = await BrokerUnderTest.start({ storePathRootDir, mappedFileSizeCommitLog: 1024 * 1024, timeScale: 10 });
    peer = await broker.connect();
  };
  const texts = (text: string, count: number) => Array.from({ length: count }, (_, index) => `${text}-${index}`);

  beforeEach(async () => {
    storePathRootDir = await mkdtemp(join(tmpdir(), 'rocketshop-offsets-'));
    await start();
    await createTopic(peer);
  });
  afterEach(async () => {
    await broker.close();
    await rm(storePathRootDir, { recursive: true });
  });

  it('gets every message of a topic that was deleted and made again', async () => {
    await sendMany(peer, 'old', 40);
    await deleteTopic(peer);
    await createTopic(peer);
    await sendMany(peer, 'new', 20);
    expect(await readFrom(peer, 40)).toEqual(texts('new', 20));
  });

  it('gets every message of it also when the broker was started again in between', async () => {
    await sendMany(peer, 'old', 40);
    await deleteTopic(peer);
    await createTopic(peer);
    await sendMany(peer, 'new', 20);
    await broker.close();
    await start();
    expect(await readFrom(peer, 40)).toEqual(texts('new', 20));
  });

  it('gets what came after a broker is back with an older store, and nothing twice', async () => {
    await sendMany(peer, 'seen', 10);
    await broker.close();
    const backup = await mkdtemp(join(tmpdir(), 'rocketshop-backup-'));
    await cp(storePathRootDir, backup, { recursive: true });
    await start();
    await sendMany(peer, 'lost', 30);
    await commit(peer, 40);
    await broker.close();
    await rm(storePathRootDir, { recursive: true });
    await cp(backup, storePathRootDir, { recursive: true });
    await rm(backup, { recursive: true });
    await start();
    await sendMany(peer, 'new', 20);
    expect(await readFrom(peer, 40)).toEqual(texts('new', 20));
  });

  it('waits for nothing that will not come: its held pull ends when the topic is deleted', async () => {
    await sendMany(peer, 'old', 5);
    const reader = await broker.connect();
    const held = pull(reader, TOPIC, { queueOffset: 5, sysFlag: SUSPEND, suspendTimeoutMillis: 15_000 });
    await until(() => broker.handle.metrics()?.pullsHeld === 1);
    await deleteTopic(peer);
    const { code, nextBeginOffset } = await held;
    expect([code, nextBeginOffset]).toEqual([ResponseCode.PULL_OFFSET_MOVED, 0]);
  });

  it('cannot commit it, neither with an update nor with a pull', async () => {
    await sendMany(peer, 'seen', 8);
    await commit(peer, 8);
    expect((await commit(peer, 1_000)).code).toBe(ResponseCode.INVALID_PARAMETER);
    await pull(peer, TOPIC, { queueOffset: 8, sysFlag: 1 | 4, commitOffset: 1_000, consumerGroup: GROUP });
    expect(await committed(peer)).toBe('8');
  });

  it('gets failed messages also after its retry topic was deleted', async () => {
    await heartbeat(peer, 'client-1', GROUP, { [TOPIC]: '*' });
    await sendMany(peer, 'bad', 6);
    const { messages } = await pull(peer, TOPIC, { consumerGroup: GROUP });
    const retry = `%RETRY%${GROUP}`;
    const retried = async (from: number): Promise<string[]> =>
      (
        await pull(peer, retry, {
          queueOffset: from,
          consumerGroup: GROUP,
          sysFlag: SUSPEND,
          suspendTimeoutMillis: 5_000,
        })
      ).messages.map(({ body }) => body.toString());
    for (const message of messages.slice(0, 3)) await sendBack(peer, message, GROUP, 1);
    while ((await retried(2)).length === 0);
    for (const message of messages.slice(3)) await sendBack(peer, message, GROUP, 3);
    await deleteTopic(peer, retry);
    await heartbeat(peer, 'client-1', GROUP, { [TOPIC]: '*' });
    // The consumer still thinks that three messages are behind it.
    const seen = new Set<string>();
    for (let at = 3; seen.size < 3;) {
      const answer = await pull(peer, retry, { queueOffset: at, consumerGroup: GROUP });
      for (const { body } of answer.messages) seen.add(body.toString());
      if (answer.code !== ResponseCode.PULL_NOT_FOUND) at = answer.nextBeginOffset;
    }
    expect([...seen].toSorted()).toEqual(['bad-3', 'bad-4', 'bad-5']);
  });
});
