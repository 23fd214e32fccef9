import { join } from 'node:path';
import { connectPeer, decodeMessages, RequestCode, ResponseCode } from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';
import { spawnService, until } from '@rocketshop/shop-testkit';
import type { SpawnedService } from '@rocketshop/shop-testkit';
import { ask, pullRequest, sendRequest, sent } from '../conformance/support/broker-under-test.js';
import { askRaw, askText, topicUpdate } from '../conformance/support/raw-request.js';
import { portOf } from '../support/broker-port.js';
import { wallClockAhead } from '../support/wall-clock.js';
import { checkDeletions } from './topic-history.js';
import type { TopicRead, TopicSend } from './topic-history.js';

const TOPIC = 'Acts';
const GROUP = 'ActsGroup';
const QUEUES = 2;
const AUTO_QUEUES = 8;
const FILE_BYTES = 16 * 1024 * 1024;
/** The clock of each second start is off by up to an hour. */
const CLOCK_OFF_MS = 3_600_000;
const IN_FLIGHT = [20, 60, 300, 3_000];

export interface OwnerRoundsOptions {
  readonly rounds: number;
  readonly flushDiskType: 'SYNC_FLUSH' | 'ASYNC_FLUSH';
  readonly directory: string;
  /** @default Math.random */
  readonly random?: () => number;
}

export interface OwnerRoundsResult {
  readonly acknowledged: number;
  readonly deletions: number;
  readonly violations: string[];
}

/**
 * What the owner of a broker does, while messages are sent: the topic is deleted and made again, groups come and go, topics appear
 * with delayed messages, the clock is set, a start has another file size, a second broker is started on the store. Then the broker
 * is stopped or killed, and everything that was answered must be there.
 */
export async function runOwnerRounds(options: OwnerRoundsOptions): Promise<OwnerRoundsResult> {
  const { rounds, directory, random = Math.random } = options;
  const violations: string[] = [];
  let acknowledged = 0;
  let deletions = 0;
  for (let round = 0; round < rounds; round++) {
    const store = join(directory, `acts-${round}`);
    const start = (env: Record<string, string> = {}) =>
      startBroker(store, options, round % 2 === 1 ? random() : 0.5, env);
    const acts = new Acts(round, IN_FLIGHT[round % IN_FLIGHT.length] ?? 20, random);
    const first = await start();
    const isKilled = random() < 0.5;
    await acts.run(first.peer, async () => {
      if (isKilled) await first.broker.kill();
      else await first.broker.stop();
    });
    const refusal = await refusedStart(() => start({ MAPPED_FILE_SIZE_COMMIT_LOG: String(FILE_BYTES / 2) }));
    if (!refusal.includes(String(FILE_BYTES))) violations.push(`another file size is not refused: ${refusal}`);
    const second = await start();
    const intruder = await refusedStart(() => start());
    if (!/another process|in use|lock/i.test(intruder)) violations.push(`a second broker is not refused: ${intruder}`);
    const end = `${options.flushDiskType}, ${isKilled ? 'killed' : 'stopped'}, ${acts.inFlight} in flight`;
    violations.push(...(await acts.check(second.peer)).map((problem) => `round ${round}, ${end}: ${problem}`));
    second.peer.close();
    await second.broker.kill();
    acknowledged += acts.acknowledged;
    deletions += acts.deletions;
  }
  return { acknowledged, deletions, violations };
}

/** The acts of one round, and what was answered. */
class Acts {
  private readonly sends: TopicSend[] = [];
  private requested = 0;
  private answered = 0;
  private retries: number | undefined;
  private readonly autoTopics: string[] = [];
  private isOver = false;

  constructor(
    private readonly round: number,
    readonly inFlight: number,
    private readonly random: () => number,
  ) {}

  get acknowledged(): number {
    return this.sends.filter(({ answeredIn }) => answeredIn !== undefined).length;
  }

  get deletions(): number {
    return this.answered;
  }

  /** Acts until `end` has ended the broker. */
  async run(peer: Peer, end: () => Promise<void>): Promise<void> {
    await this.createTopic(peer);
    const lanes = Array.from({ length: this.inFlight }, (_, lane) => this.send(peer, lane));
    const others = [this.changeGroups(peer), this.makeTopics(peer)];
    const rounds = 2 + Math.floor(this.random() * 3);
    for (let deletion = 0; deletion < rounds; deletion++) {
      await pause(50 + this.random() * 150);
      await this.deleteTopic(peer);
    }
    await pause(this.random() * 200);
    // Answers that are on their way to a connection that ends are lost; those that came before count.
    const ending = end();
    await ending;
    this.isOver = true;
    peer.close();
    await Promise.all([...lanes, ...others]);
  }

  async check(peer: Peer): Promise<string[]> {
    const read: TopicRead[] = [];
    for (let queueId = 0; queueId < QUEUES; queueId++) read.push(...(await readQueue(peer, TOPIC, queueId)));
    const { sends, requested, answered } = this;
    const violations = checkDeletions({ sends, requested, answered }, read);
    const group = await askText(peer, RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: GROUP });
    if (this.retries !== undefined && !group.includes(`"retryMaxTimes":${this.retries}`)) {
      violations.push(`the group has not ${this.retries} retries: ${group.slice(0, 100)}`);
    }
    for (const topic of this.autoTopics) violations.push(...(await checkAutoTopic(peer, topic)));
    return violations;
  }

  private async createTopic(peer: Peer): Promise<void> {
    const queues = String(QUEUES);
    await askRaw(
      peer,
      RequestCode.UPDATE_AND_CREATE_TOPIC,
      topicUpdate(TOPIC, { readQueueNums: queues, writeQueueNums: queues }),
    );
  }

  private async deleteTopic(peer: Peer): Promise<void> {
    this.requested++;
    try {
      const { code } = await askRaw(peer, RequestCode.DELETE_TOPIC_IN_BROKER, { topic: TOPIC });
      if (code === ResponseCode.SUCCESS) this.answered = this.requested;
      await this.createTopic(peer);
    } catch {
      // The broker is gone.
    }
  }

  private async send(peer: Peer, lane: number): Promise<void> {
    for (let number = 0; !this.isOver; number++) {
      const text = `${this.round}-${lane}-${number}`;
      const queueId = number % QUEUES;
      const startedIn = this.requested;
      try {
        const answer = sent(
          await ask(peer, sendRequest(TOPIC, { queueId, body: text, defaultTopicQueueNums: QUEUES })),
        );
        const isTaken = answer.code === ResponseCode.SUCCESS;
        const answeredIn = isTaken ? this.requested : undefined;
        this.sends.push({ text, queueId, startedIn, answeredIn, queueOffset: answer.queueOffset });
      } catch {
        this.sends.push({ text, queueId, startedIn, answeredIn: undefined, queueOffset: -1 });
        return;
      }
    }
  }

  private async changeGroups(peer: Peer): Promise<void> {
    for (let retries = 1; !this.isOver; retries++) {
      const body = Buffer.from(JSON.stringify({ groupName: GROUP, retryMaxTimes: retries }));
      try {
        const { code } = await askRaw(peer, RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, {}, { body });
        if (code === ResponseCode.SUCCESS) this.retries = retries;
        await pause(20);
        if (retries % 5 !== 0) continue;
        this.retries = undefined;
        await askRaw(peer, RequestCode.DELETE_SUBSCRIPTIONGROUP, { groupName: GROUP });
      } catch {
        // Whether the change was made is not known.
        this.retries = undefined;
        return;
      }
    }
  }

  /** Topics that appear with a message: a delayed one for the sixth queue, then one for the first. */
  private async makeTopics(peer: Peer): Promise<void> {
    for (let number = 0; !this.isOver && number < 20; number++) {
      const topic = `Auto-${this.round}-${number}`;
      try {
        for (const change of [{ queueId: 5, properties: { DELAY: '1' } }, { queueId: 0 }]) {
          const request = sendRequest(topic, { ...change, body: topic, defaultTopicQueueNums: AUTO_QUEUES });
          if (sent(await ask(peer, request)).code !== ResponseCode.SUCCESS) return;
        }
        this.autoTopics.push(topic);
      } catch {
        return;
      }
    }
  }
}

async function checkAutoTopic(peer: Peer, topic: string): Promise<string[]> {
  const violations: string[] = [];
  const config = await askText(peer, RequestCode.GET_TOPIC_CONFIG, { topic });
  if (!config.includes(`"writeQueueNums":${AUTO_QUEUES}`)) violations.push(`${topic} has other queues: ${config}`);
  for (const queueId of [0, 5]) {
    const isThere = async (): Promise<boolean> =>
      (await readQueue(peer, topic, queueId)).some(({ text }) => text === topic);
    const found = await until(isThere, { timeoutMs: 10_000, intervalMs: 100 }).catch(() => false);
    if (found === false) violations.push(`lost: the message of ${topic} in queue ${queueId}`);
  }
  return violations;
}

async function readQueue(peer: Peer, topic: string, queueId: number): Promise<TopicRead[]> {
  const read: TopicRead[] = [];
  for (let queueOffset = 0; ;) {
    const { code, body, extFields } = await ask(peer, pullRequest(topic, { queueId, queueOffset, maxMsgNums: 1_000 }));
    if (code !== ResponseCode.SUCCESS || body === undefined) return read;
    for (const message of decodeMessages(body)) {
      read.push({ text: message.body.toString(), queueId, queueOffset: message.queueOffset });
    }
    queueOffset = Number(extFields?.['nextBeginOffset']);
  }
}

async function startBroker(
  store: string,
  { flushDiskType }: OwnerRoundsOptions,
  clock: number,
  env: Record<string, string>,
): Promise<{ broker: SpawnedService; peer: Peer }> {
  const broker = await spawnService({
    program: 'apps/broker/dist/main.js',
    nodeArgs: wallClockAhead(Math.round((clock - 0.5) * 2 * CLOCK_OFF_MS)),
    env: {
      STORE_DIR: store,
      FLUSH_DISK_TYPE: flushDiskType,
      BROKER_LISTEN_PORT: '0',
      // Nothing listens on this port: the test needs no name server.
      NAMESRV_ADDR: '127.0.0.1:1',
      MAPPED_FILE_SIZE_COMMIT_LOG: String(FILE_BYTES),
      TIME_SCALE: '10',
      ...env,
    },
    readyLine: /is ready on/,
  });
  return { broker, peer: await connectPeer({ host: '127.0.0.1', port: portOf(broker) }) };
}

/** What a start says that must not succeed. */
async function refusedStart(start: () => Promise<{ broker: SpawnedService; peer: Peer }>): Promise<string> {
  try {
    const { broker, peer } = await start();
    peer.close();
    await broker.kill();
    return 'it started';
  } catch (error) {
    return String(error);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
