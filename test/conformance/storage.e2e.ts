import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectPeer, QueryConsumerOffset, ResponseCode, UpdateConsumerOffset } from '@rocketshop/mq-protocol';
import type { MessageExt, Peer, PeerHandlers } from '@rocketshop/mq-protocol';
import { spawnService, stopSpawnedServices, until } from '@rocketshop/shop-testkit';
import type { SpawnedService } from '@rocketshop/shop-testkit';
import { portOf } from '../support/broker-port.js';
import { ask, BrokerUnderTest, pull, send, sendRequest, sent } from './support/broker-under-test.js';

const QUEUES = 4;

async function readQueue(peer: Peer, queueId: number): Promise<MessageExt[]> {
  const messages: MessageExt[] = [];
  for (;;) {
    const answer = await pull(peer, 'orders', { queueId, queueOffset: messages.length });
    if (answer.code !== 0) return messages;
    messages.push(...answer.messages);
  }
}

/** Rows 61 and 62 of the conformance list, and what a process owes whoever stops it. */
describe('a broker', () => {
  let storeDir: string;

  beforeEach(async () => {
    storeDir = await mkdtemp(join(tmpdir(), 'rocketshop-conformance-'));
  });

  afterEach(async () => {
    await stopSpawnedServices();
    await rm(storeDir, { recursive: true });
  });

  const run = async (
    env: Record<string, string> = {},
    handlers: PeerHandlers = {},
  ): Promise<{ broker: SpawnedService; peer: Peer }> => {
    const broker = await spawnService({
      program: 'apps/broker/dist/main.js',
      env: {
        STORE_DIR: storeDir,
        FLUSH_DISK_TYPE: 'SYNC_FLUSH',
        BROKER_LISTEN_PORT: '0',
        NAMESRV_ADDR: '127.0.0.1:1',
        MAPPED_FILE_SIZE_COMMIT_LOG: '1048576',
        ...env,
      },
      readyLine: /is ready on/,
    });
    return { broker, peer: await connectPeer({ host: '127.0.0.1', port: portOf(broker), handlers }) };
  };

  it('that is killed has everything it acknowledged, densely and once (row 61)', async () => {
    const first = await run();
    const acknowledged = new Map<string, string>();
    let count = 0;
    const sendOn = async (): Promise<void> => {
      for (;;) {
        const body = `message ${(count += 1)}`;
        const queueId = count % QUEUES;
        const answer = sent(await ask(first.peer, sendRequest('orders', { queueId, body })));
        if (answer.code === 0) acknowledged.set(`${queueId}@${answer.queueOffset}`, body);
      }
    };
    const senders = Array.from({ length: 32 }, () => sendOn().catch(() => undefined));
    await until(() => acknowledged.size > 500);
    await ask(
      first.peer,
      UpdateConsumerOffset.createRequest({ consumerGroup: 'g', topic: 'orders', queueId: 0, commitOffset: 77 }),
    );
    await first.broker.kill();
    await Promise.all(senders);

    const second = await run();
    const stored = new Map<string, string>();
    for (let queueId = 0; queueId < QUEUES; queueId += 1) {
      const messages = await readQueue(second.peer, queueId);
      expect(messages.map(({ queueOffset }) => queueOffset)).toEqual(messages.map((_, index) => index));
      for (const { queueOffset, body } of messages) stored.set(`${queueId}@${queueOffset}`, body.toString());
    }
    const query = QueryConsumerOffset.createRequest({ consumerGroup: 'g', topic: 'orders', queueId: 0 });
    const { offset } = QueryConsumerOffset.readResponse(await ask(second.peer, query));
    second.peer.close();
    expect(await second.broker.stop()).toBe(0);

    expect([...acknowledged].filter(([place, body]) => stored.get(place) !== body)).toEqual([]);
    expect(new Set(stored.values()).size).toBe(stored.size);
    expect(offset).toBe(77);
  });

  it('that is told to stop answers what it took, and goes with 0', async () => {
    const { broker, peer } = await run();
    const answers = Array.from({ length: 200 }, (_, index) =>
      ask(peer, sendRequest('orders', { queueId: index % QUEUES })).then(
        ({ code }) => code,
        () => 'unanswered' as const,
      ),
    );
    await answers[0];
    expect(await broker.stop()).toBe(0);
    const confirmed = (await Promise.all(answers)).filter((code) => code === 0).length;

    const again = await run();
    let stored = 0;
    for (let queueId = 0; queueId < QUEUES; queueId += 1) stored += (await readQueue(again.peer, queueId)).length;
    again.peer.close();
    await again.broker.stop();
    expect(stored).toBeGreaterThanOrEqual(confirmed);
    expect(again.broker.lines.join('\n')).not.toContain('abnormal');
  });

  it('reads and delivers what it has stored, also when less may be sent now', async () => {
    const first = await run();
    const large = Buffer.alloc(300_000, 'x');
    for (const body of [large, 'small', large]) expect((await send(first.peer, 'orders', { body })).code).toBe(0);
    for (const body of [large, 'small'])
      expect((await send(first.peer, 'orders', { queueId: 1, body, properties: { DELAY: '1' } })).code).toBe(0);
    await first.broker.kill();

    const { broker, peer } = await run({ MAX_MESSAGE_SIZE: '65536' });
    const lengths = async (queueId: number) => (await readQueue(peer, queueId)).map(({ body }) => body.length);
    expect(await lengths(0)).toEqual([300_000, 5, 300_000]);
    await until(async () => (await lengths(1)).length === 2, { description: 'the delayed messages to arrive' });
    expect(await lengths(1)).toEqual([300_000, 5]);
    expect((await send(peer, 'orders', { body: large })).code).toBe(ResponseCode.MESSAGE_ILLEGAL);
    await broker.kill();
  });

  it('goes on in the next file when a message does not fit (row 62)', async () => {
    const broker = await BrokerUnderTest.start({ storePathRootDir: storeDir, mappedFileSizeCommitLog: 64 * 1024 });
    const peer = await broker.connect();
    const bodies = Array.from({ length: 8 }, (_, index) => Buffer.alloc(20_000, `${index}`));
    for (const body of bodies) expect((await send(peer, 'orders', { body })).code).toBe(0);
    const messages = await readQueue(peer, 0);
    const files = (await readdir(join(storeDir, 'commitlog'))).filter((name) => /^\d{20}$/.test(name));
    await broker.close();

    expect(
      messages.map(({ body }) => body.equals(bodies[Number(String.fromCharCode(body[0] ?? 0))] ?? body)),
    ).not.toContain(false);
    expect(messages).toHaveLength(8);
    expect(files.length).toBeGreaterThanOrEqual(3);
  });
});
