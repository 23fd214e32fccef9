import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startNameServer } from '@rocketshop/mq-broker';
import {
  connectPeer,
  consumerOffsetTableBody,
  delayOffsetTableBody,
  GetKvConfig,
  newSubscriptionGroupConfig,
  PutKvConfig,
  RequestCode,
  subscriptionGroupConfigBody,
  subscriptionGroupTableBody,
  topicConfigTableBody,
  UpdateAndCreateSubscriptionGroup,
  UpdateAndCreateTopic,
  UpdateConsumerOffset,
} from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';
import { until } from '@rocketshop/shop-testkit';
import { ask, BrokerUnderTest, pull, send } from './support/broker-under-test.js';
import { askRaw } from './support/raw-request.js';

/** What a broker says that it knows. */
interface Tables {
  topics: Record<string, number>;
  groups: Record<string, number>;
  offsets: Record<string, number | undefined>;
  delayOffset: number;
}

type Damage = (bytes: Buffer) => Buffer | undefined;

/** The digit of `pattern` becomes another one: the text stays a table, and the table says something else. */
const otherDigit =
  (pattern: RegExp): Damage =>
  (bytes) => {
    const text = bytes.toString('latin1');
    const at = text.search(pattern);
    return at < 0
      ? undefined
      : Buffer.from(text.slice(0, at) + text.slice(at).replace(/\d/, (d) => `${(Number(d) + 1) % 10}`));
  };

const flip =
  (share: number): Damage =>
  (bytes) => {
    const flipped = Buffer.from(bytes);
    const at = Math.floor(bytes.length * share);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    return flipped;
  };

const text =
  (content: string): Damage =>
  () =>
    Buffer.from(content);

/** The specs of the files try every bit and every shape. */
const DAMAGES: Readonly<Record<string, Damage>> = {
  'another number': otherDigit(/QueueNums":\d|retryMaxTimes":\d|[{,]"?\d+"?:\d/),
  'a flipped bit in the middle': flip(0.5),
  'nothing in it': text(''),
  'a number in it': text('7'),
  'tables of other types in it': text(
    '{"topicConfigTable":{"a":5},"subscriptionGroupTable":[1],"offsetTable":{"a":"b"},"state":3,"brokerPermission":6}',
  ),
};

let original: string;
let folder = '';
let before: Tables;
let newest: Tables;
let broker: BrokerUnderTest | undefined;
const said: string[] = [];

async function start(storePathRootDir: string): Promise<{ peer: Peer; tables: () => Promise<Tables> }> {
  said.length = 0;
  broker = await BrokerUnderTest.start({
    storePathRootDir,
    namesrvAddr: '',
    mappedFileSizeCommitLog: 64 * 1024,
    maxMessageSize: 1024,
    timeScale: 1000,
    flushDiskType: 'SYNC_FLUSH',
    storeOptions: { zeroFillAheadBytes: 0 },
    log: (level, message) => void said.push(`${level}: ${message}`),
  });
  const peer = await broker.connect();
  return { peer, tables: () => tablesOf(peer) };
}

async function tablesOf(peer: Peer): Promise<Tables> {
  const body = async (code: number): Promise<Buffer> => (await askRaw(peer, code, {})).body ?? Buffer.alloc(0);
  const topics = topicConfigTableBody.decode(await body(RequestCode.GET_ALL_TOPIC_CONFIG)).topicConfigTable;
  const groups = subscriptionGroupTableBody.decode(await body(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG));
  const offsets = consumerOffsetTableBody.decode(await body(RequestCode.GET_ALL_CONSUMER_OFFSET)).get('orders@g1');
  const delays = delayOffsetTableBody.decode(await body(RequestCode.GET_ALL_DELAY_OFFSET));
  const ours = [...topics.values()].filter(({ topicName }) => topicName.startsWith('t'));
  return {
    topics: Object.fromEntries(ours.map(({ topicName, readQueueNums }) => [topicName, readQueueNums])),
    groups: Object.fromEntries(
      [...groups.subscriptionGroupTable.values()]
        .filter(({ groupName }) => groupName.startsWith('g'))
        .map(({ groupName, retryMaxTimes }) => [groupName, retryMaxTimes]),
    ),
    offsets: { 0: offsets?.get(0), 1: offsets?.get(1) },
    delayOffset: delays.get(1) ?? 0,
  };
}

/** One more of everything. */
async function change(peer: Peer, round: number): Promise<void> {
  const topic = { defaultTopic: 'TBW102', perm: 6, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false };
  const queues = { readQueueNums: 4 + round, writeQueueNums: 4 + round };
  await ask(peer, UpdateAndCreateTopic.createRequest({ ...topic, ...queues, topic: `t${round}` }));
  const group = { ...newSubscriptionGroupConfig(`g${round}`), retryMaxTimes: 5 + round };
  const body = subscriptionGroupConfigBody.encode(group);
  await ask(peer, UpdateAndCreateSubscriptionGroup.createRequest({}, { body }));
  const settings = Buffer.from(`brokerPermission=${round === 1 ? 4 : 6}\n`);
  await askRaw(peer, RequestCode.UPDATE_BROKER_CONFIG, {}, { body: settings });
  await askRaw(
    peer,
    RequestCode.UPDATE_BROKER_CONFIG,
    {},
    { body: Buffer.from('brokerPermission=6\nautoCreateTopicEnable=true\n') },
  );
  for (const queueId of [0, 1]) {
    for (let count = 0; count < 2; count += 1) await send(peer, 'orders', { queueId });
    const offset = { consumerGroup: 'g1', topic: 'orders', queueId, commitOffset: round + queueId };
    await ask(peer, UpdateConsumerOffset.createRequest(offset));
  }
  await send(peer, 'later', { properties: { DELAY: '1' } });
  await until(async () => (await pull(peer, 'later')).messages.length === round);
}

beforeAll(async () => {
  original = await mkdtemp(join(tmpdir(), 'rocketshop-tables-'));
  for (const round of [1, 2]) {
    const { peer, tables } = await start(original);
    await change(peer, round);
    before = newest;
    newest = await tables();
    await broker?.close();
  }
});

afterAll(() => rm(original, { recursive: true }));

afterEach(async () => {
  await broker?.close().catch(() => undefined);
  if (folder !== '') await rm(folder, { recursive: true, force: true });
});

/** A copy of the store in which these files are damaged. */
async function damaged(files: readonly string[], damage: Damage): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'rocketshop-tables-'));
  await cp(original, folder, { recursive: true });
  for (const file of files) {
    const path = join(folder, file);
    const bytes = damage(await readFile(path));
    if (bytes === undefined) await rm(path);
    else await writeFile(path, bytes);
  }
}

function expectNewestOrOlder(found: Tables): void {
  expect([newest.topics, before.topics]).toContainEqual(found.topics);
  expect([newest.groups, before.groups]).toContainEqual(found.groups);
  expect(found.offsets).toEqual(newest.offsets);
  expect(found.delayOffset).toBe(newest.delayOffset);
}

describe('a broker whose tables are damaged', () => {
  const tables = ['topics', 'subscriptionGroup', 'consumerOffset', 'delayOffset', 'brokerConfig'].map(
    (name) => `config/${name}.json`,
  );
  const files = [...tables, 'checkpoint'];
  const linesOf = (file: string): string[] => said.filter((line) => line.includes(basename(file)));

  it('knows more after the second round than after the first', () => {
    const topics = { t1: 5, t2: 6 };
    expect(newest).toEqual({ topics, groups: { g1: 6, g2: 7 }, offsets: { 0: 2, 1: 3 }, delayOffset: 2 });
    expect(before).toEqual({ topics: { t1: 5 }, groups: { g1: 6 }, offsets: { 0: 1, 1: 2 }, delayOffset: 1 });
  });

  it.each(Object.entries(DAMAGES))('with %s uses the backups, and says so', async (_what, damage) => {
    await damaged(files, damage);
    const { peer, tables: known } = await start(folder);
    for (const file of files) expect(linesOf(file)).toEqual([expect.stringMatching(/^warn: .*; its backup is used/)]);
    await until(async () => (await known()).delayOffset === newest.delayOffset);
    expectNewestOrOlder(await known());
    expect((await pull(peer, 'orders', { queueId: 1 })).messages).toHaveLength(4);
  });

  it('says it once: the next start has good files', async () => {
    await damaged(files, flip(0.5));
    await start(folder);
    await broker?.close();
    await start(folder);
    expect(said.filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  it('says which files are missing', async () => {
    await damaged(files, () => undefined);
    await start(folder);
    for (const file of files)
      expect(linesOf(file)).toEqual([expect.stringMatching(/^warn: .*missing.*its backup is used/)]);
  });

  it('says which tables are gone with their backups, though a new store has none either', async () => {
    const gone = ['config/topics.json', 'config/subscriptionGroup.json'];
    await damaged([...gone, ...gone.map((file) => `${file}.bak`)], () => undefined);
    await start(folder);
    for (const file of gone) expect(linesOf(file)).toEqual([expect.stringMatching(/^warn: .*missing.*begins anew/)]);
    await broker?.close();
    await rm(folder, { recursive: true });
    await start(folder);
    expect(said.filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  it('says which backups are broken, though they are not needed', async () => {
    await damaged(
      files.map((file) => `${file}.bak`),
      flip(0.5),
    );
    const { tables: known } = await start(folder);
    for (const file of files)
      expect(linesOf(file)).toEqual([expect.stringMatching(/^warn: .*\.bak is broken .*not needed/)]);
    expect(await known()).toEqual(newest);
  });

  it.each(tables)('does not start without a good copy of %s, and blames no backup that is not there', async (file) => {
    await damaged([file], flip(0.5));
    await rm(join(folder, `${file}.bak`));
    const alone = await start(folder).catch((error: unknown) => String(error));
    expect(alone).toMatch(new RegExp(`${file} is broken .*it has no backup`));

    await writeFile(join(folder, `${file}.bak`), '7');
    const both = await start(folder).catch((error: unknown) => String(error));
    expect(both).toMatch(new RegExp(`${file} is broken .* its backup .*${file}.bak is broken`));

    await cp(join(original, file), join(folder, file));
    await start(folder);
  });

  it('takes the tables of RocketMQ and of older versions, and gives them checksums', async () => {
    await damaged(
      ['config/consumerOffset.json'],
      text('{"dataVersion":{"counter":1},"offsetTable":{"orders@g1":{0:1,1:3}}}'),
    );
    for (const name of await readdir(join(folder, 'config'))) {
      if (name.includes('.bak') || name.includes('.journal.')) await rm(join(folder, 'config', name));
      else if (name !== 'consumerOffset.json') {
        const path = join(folder, 'config', name);
        await writeFile(path, (await readFile(path, 'utf8')).replace(/,"crc32":"\w+"}$/, '}'));
      }
    }
    const { tables: known } = await start(folder);
    expect(await known()).toEqual({ ...newest, offsets: { 0: 1, 1: 3 } });
    expect(said.filter((line) => line.startsWith('warn'))).toEqual([]);
    await broker?.close();
    for (const file of tables) expect(await readFile(join(folder, file), 'latin1')).toMatch(/,"crc32":"[0-9a-f]{8}"}$/);
  });
});

describe('a name server whose KV configuration is damaged', () => {
  it('uses the backup, and says so', async () => {
    folder = await mkdtemp(join(tmpdir(), 'rocketshop-tables-'));
    const kvConfigPath = join(folder, 'kvConfig.json');
    const lines: string[] = [];
    const options = {
      port: 0,
      kvConfigPath,
      log: (level: string, message: string): void => void lines.push(`${level}: ${message}`),
    };
    const first = await startNameServer(options);
    const peer = await connectPeer({ host: first.host, port: first.port });
    for (const key of ['a', 'b']) await ask(peer, PutKvConfig.createRequest({ namespace: 'N', key, value: '41' }));
    peer.close();
    await first.close();
    const good = await readFile(kvConfigPath);

    for (const [what, damage] of Object.entries({ ...DAMAGES, 'another number': otherDigit(/41/) })) {
      lines.length = 0;
      await writeFile(kvConfigPath, damage(good) ?? '');
      const again = await startNameServer(options);
      const reader = await connectPeer({ host: again.host, port: again.port });
      const answer = await ask(reader, GetKvConfig.createRequest({ namespace: 'N', key: 'a' }));
      expect({ what, value: GetKvConfig.readResponse(answer).value }).toEqual({ what, value: '41' });
      const said = [expect.stringMatching(/^warn: .*kvConfig.json could not be read/)];
      expect({ what, lines }).toEqual({ what, lines: said });
      reader.close();
      await again.close();
    }
  });
});
