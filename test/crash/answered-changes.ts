import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectPeer, RequestCode, ResponseCode } from '@rocketshop/mq-protocol';
import type { Peer, RemotingCommand } from '@rocketshop/mq-protocol';
import { spawnService } from '@rocketshop/shop-testkit';
import type { SpawnedService } from '@rocketshop/shop-testkit';
import { ask, pull, sendRequest } from '../conformance/support/broker-under-test.js';
import { askRaw, askText, topicUpdate } from '../conformance/support/raw-request.js';
import { portOf } from '../support/broker-port.js';

/** A request that changes something. After its answer the change must be there, whatever happens to the process. */
interface AnsweredChange {
  readonly name: string;
  readonly prepare?: (peer: Peer) => Promise<unknown>;
  readonly change: (peer: Peer) => Promise<RemotingCommand>;
  /** What a reader sees of the change. */
  readonly look: (peer: Peer) => Promise<string>;
  readonly expected: string | RegExp;
}

const TOPIC = 'orders';
const GROUP = 'shop';

const updateTopic = (peer: Peer, changes: Record<string, string> = {}) =>
  askRaw(peer, RequestCode.UPDATE_AND_CREATE_TOPIC, topicUpdate(TOPIC, changes));
const updateGroup = (peer: Peer, config: object) =>
  askRaw(
    peer,
    RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
    {},
    { body: Buffer.from(JSON.stringify({ groupName: GROUP, ...config })) },
  );
const deleteGroup = (peer: Peer) =>
  askRaw(peer, RequestCode.DELETE_SUBSCRIPTIONGROUP, { groupName: GROUP, cleanOffset: 'true' });
const commit = (peer: Peer, offset: number) =>
  askRaw(peer, RequestCode.UPDATE_CONSUMER_OFFSET, {
    consumerGroup: GROUP,
    topic: TOPIC,
    queueId: '0',
    commitOffset: String(offset),
  });
const sendTo = (peer: Peer, topic: string, changes: Parameters<typeof sendRequest>[1] = {}) =>
  ask(peer, sendRequest(topic, { defaultTopicQueueNums: 8, ...changes }));
const sendMany = (peer: Peer, count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => sendTo(peer, TOPIC, { body: `message ${index}` })));

const lookAtTopic = (peer: Peer, topic = TOPIC) => askText(peer, RequestCode.GET_TOPIC_CONFIG, { topic });
const lookAtGroup = (peer: Peer) => askText(peer, RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: GROUP });
const lookAtOffset = async (peer: Peer) => {
  const fields = { consumerGroup: GROUP, topic: TOPIC, queueId: '0', setZeroIfNotFound: 'false' };
  const answer = await askRaw(peer, RequestCode.QUERY_CONSUMER_OFFSET, fields);
  return answer.extFields?.['offset'] ?? `code ${answer.code}`;
};
const lookAtSettings = async (peer: Peer) => String((await askRaw(peer, RequestCode.GET_BROKER_CONFIG, {})).body);
const bodies = async (peer: Peer, topic: string, queueId = 0) => {
  const { code, messages } = await pull(peer, topic, { queueId });
  return messages.length > 0 ? messages.map(({ body }) => body.toString()).join() : `code ${code}`;
};

export const ANSWERED_CHANGES: readonly AnsweredChange[] = [
  {
    name: '17 UPDATE_AND_CREATE_TOPIC makes a topic',
    change: (peer) => updateTopic(peer, { readQueueNums: '7', writeQueueNums: '7' }),
    look: (peer) => lookAtTopic(peer),
    expected: /"readQueueNums":7/,
  },
  {
    name: '17 UPDATE_AND_CREATE_TOPIC changes a permission',
    prepare: (peer) => updateTopic(peer),
    change: (peer) => updateTopic(peer, { perm: '4' }),
    look: (peer) => lookAtTopic(peer),
    expected: /"perm":4/,
  },
  {
    name: '215 DELETE_TOPIC_IN_BROKER deletes the topic',
    prepare: async (peer) => {
      await updateTopic(peer);
      await sendMany(peer, 50);
    },
    change: (peer) => askRaw(peer, RequestCode.DELETE_TOPIC_IN_BROKER, { topic: TOPIC }),
    look: (peer) => lookAtTopic(peer),
    expected: /^code 17/,
  },
  {
    name: '215 DELETE_TOPIC_IN_BROKER deletes the messages for whoever makes the topic again',
    prepare: async (peer) => {
      await updateTopic(peer);
      await sendMany(peer, 50);
    },
    change: (peer) => askRaw(peer, RequestCode.DELETE_TOPIC_IN_BROKER, { topic: TOPIC }),
    look: async (peer) => {
      await updateTopic(peer);
      await sendTo(peer, TOPIC, { body: 'new' });
      return bodies(peer, TOPIC);
    },
    expected: 'new',
  },
  {
    name: '215 DELETE_TOPIC_IN_BROKER deletes the offsets',
    prepare: async (peer) => {
      await updateTopic(peer);
      await sendMany(peer, 5);
      await commit(peer, 3);
    },
    change: (peer) => askRaw(peer, RequestCode.DELETE_TOPIC_IN_BROKER, { topic: TOPIC }),
    look: lookAtOffset,
    expected: 'code 22',
  },
  {
    name: '200 UPDATE_AND_CREATE_SUBSCRIPTIONGROUP makes a group',
    change: (peer) => updateGroup(peer, { retryMaxTimes: 3 }),
    look: lookAtGroup,
    expected: /"retryMaxTimes":3/,
  },
  {
    name: '207 DELETE_SUBSCRIPTIONGROUP deletes the group',
    prepare: (peer) => updateGroup(peer, { retryMaxTimes: 3 }),
    change: deleteGroup,
    // A group that somebody asks for is made again, with the defaults.
    look: lookAtGroup,
    expected: /^code|"retryMaxTimes":16/,
  },
  {
    name: '207 DELETE_SUBSCRIPTIONGROUP deletes the offsets',
    prepare: async (peer) => {
      await updateTopic(peer);
      await sendMany(peer, 5);
      await commit(peer, 3);
    },
    change: deleteGroup,
    look: lookAtOffset,
    expected: 'code 22',
  },
  {
    name: '15 UPDATE_CONSUMER_OFFSET commits an offset',
    prepare: async (peer) => {
      await updateTopic(peer);
      await sendMany(peer, 5);
    },
    change: (peer) => commit(peer, 4),
    look: lookAtOffset,
    expected: '4',
  },
  {
    name: '15 UPDATE_CONSUMER_OFFSET goes back on purpose',
    prepare: async (peer) => {
      await updateTopic(peer);
      await sendMany(peer, 5);
      await commit(peer, 4);
    },
    change: (peer) => commit(peer, 1),
    look: lookAtOffset,
    expected: '1',
  },
  {
    name: '25 UPDATE_BROKER_CONFIG changes a setting',
    change: (peer) =>
      askRaw(peer, RequestCode.UPDATE_BROKER_CONFIG, {}, { body: Buffer.from('autoCreateTopicEnable=false\n') }),
    look: lookAtSettings,
    expected: /autoCreateTopicEnable=false/,
  },
  {
    name: '310 SEND_MESSAGE_V2 makes a topic with all of its queues',
    change: (peer) => sendTo(peer, 'fresh', { queueId: 1 }),
    look: (peer) => lookAtTopic(peer, 'fresh'),
    expected: /"writeQueueNums":8/,
  },
  {
    name: '310 SEND_MESSAGE_V2 makes a topic for a delayed message, which arrives in its queue',
    change: (peer) => sendTo(peer, 'fresh', { queueId: 5, body: 'late', properties: { DELAY: '1' } }),
    look: async (peer) => {
      await sendTo(peer, 'fresh', { queueId: 1 });
      return bodies(peer, 'fresh', 5);
    },
    expected: 'late',
  },
];

export type FlushDiskType = 'SYNC_FLUSH' | 'ASYNC_FLUSH';

/** Kills a broker process at the answer to the change, starts it again, and looks. @returns what is missing */
export async function killAtAnswer(change: AnsweredChange, flushDiskType: FlushDiskType): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'rocketshop-answered-'));
  try {
    const first = await startBroker(directory, flushDiskType);
    await change.prepare?.(first.peer);
    const answer = await change.change(first.peer);
    await first.broker.kill();
    if (answer.code !== ResponseCode.SUCCESS) return `${change.name}: answered ${answer.code} ${answer.remark ?? ''}`;
    const second = await startBroker(directory, flushDiskType);
    const seen = await lookUntil(change, second.peer);
    await second.broker.kill();
    return seen === undefined ? undefined : `${change.name}, ${flushDiskType}: ${seen}`;
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** A delayed message is looked for several times. */
const LOOKS_MAX = 20;
const LOOK_AGAIN_MS = 150;

async function lookUntil({ look, expected }: AnsweredChange, peer: Peer): Promise<string | undefined> {
  for (let looks = 1; ; looks++) {
    const seen = await look(peer);
    if (typeof expected === 'string' ? seen === expected : expected.test(seen)) return undefined;
    if (looks === LOOKS_MAX) return seen.slice(0, 200);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

async function startBroker(
  directory: string,
  flushDiskType: FlushDiskType,
): Promise<{ broker: SpawnedService; peer: Peer }> {
  const broker = await spawnService({
    program: 'apps/broker/dist/main.js',
    env: {
      STORE_DIR: directory,
      FLUSH_DISK_TYPE: flushDiskType,
      BROKER_LISTEN_PORT: '0',
      NAMESRV_ADDR: '127.0.0.1:1',
      MAPPED_FILE_SIZE_COMMIT_LOG: String(1024 * 1024),
    },
    readyLine: /is ready on/,
  });
  return { broker, peer: await connectPeer({ host: '127.0.0.1', port: portOf(broker) }) };
}
