import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GetKvConfig, PutKvConfig, UpdateAndCreateTopic } from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';
import { until } from '@rocketshop/shop-testkit';
import { ask, pull, send } from './support/broker-under-test.js';
import { ServerProcess } from './support/server-process.js';

const LIMIT = 256;
/** What a store may have open at the same time under this limit. */
const STORE_FILES = 64;
const FEW_DESCRIPTORS = ['prlimit', `--nofile=${LIMIT}:${LIMIT}`];

/** Everything that a process may open is asked for by connections that do nothing. */
async function idleConnections(port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () =>
    connect({ host: '127.0.0.1', port }).on('error', () => undefined),
  );
  await Promise.all(
    sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))),
  );
  return sockets;
}

describe('a process that may open few files', () => {
  let folder: string;
  let idle: Socket[];
  const servers: ServerProcess[] = [];

  const start = async (program: 'broker' | 'nameserver', env: Record<string, string>): Promise<ServerProcess> => {
    const server = ServerProcess.start(program, { under: FEW_DESCRIPTORS, env: { STORE_DIR: folder, ...env } });
    servers.push(server);
    expect(await server.isReady()).toBe(true);
    return server;
  };
  const startBroker = (): Promise<ServerProcess> =>
    start('broker', {
      MAPPED_FILE_SIZE_COMMIT_LOG: '65536',
      MAX_MESSAGE_SIZE: '32768',
      FLUSH_DISK_TYPE: 'ASYNC_FLUSH',
    });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rocketshop-files-'));
    idle = [];
  });

  afterEach(async () => {
    for (const socket of idle) socket.destroy();
    await Promise.all(servers.splice(0).map((server) => server.end('SIGKILL')));
    await rm(folder, { recursive: true });
  });

  const createTopic = async (peer: Peer, topic: string): Promise<number> => {
    const shape = { perm: 6, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false };
    const queues = { readQueueNums: 8, writeQueueNums: 8, defaultTopic: 'TBW102' };
    return (await ask(peer, UpdateAndCreateTopic.createRequest({ ...shape, ...queues, topic }))).code;
  };

  it('goes on as a broker when idle connections want them all: sends, new files, new topics', async () => {
    const broker = await startBroker();
    expect(broker.lines.join('\n')).toMatch(/connectionsMax.*lowered.*256/);
    const peer = await broker.connect();
    expect((await send(peer, 'orders')).code).toBe(0);
    idle = await idleConnections(broker.port, 2 * LIMIT);

    const body = Buffer.alloc(30_000, 'x');
    for (let round = 0; round < 8; round += 1) {
      expect(await createTopic(peer, `t${round}`)).toBe(0);
      for (let queueId = 0; queueId < 8; queueId += 1)
        expect((await send(peer, `t${round}`, { queueId })).code).toBe(0);
      for (let count = 0; count < 24; count += 1) expect((await send(peer, 'orders', { body })).code).toBe(0);
    }
    const files = (await readdir(join(folder, 'commitlog'))).filter((name) => /^\d{20}$/.test(name));
    expect(files.length).toBeGreaterThan(STORE_FILES);
    expect((await pull(peer, 'orders', { queueOffset: 1 })).messages.length).toBeGreaterThan(0);
    for (const socket of idle) socket.destroy();
    // Until the broker has seen that idle connections are gone, it closes a new one at once.
    const late = await until(async () => {
      const next = await broker.connect();
      return (await send(next, 'late')).code === 0 && next;
    });
    expect((await pull(late, 'orders', { queueOffset: 150 })).messages.length).toBeGreaterThan(0);
    await broker.end('SIGTERM');
    expect(broker.ended).toBe(0);

    const again = await startBroker();
    expect((await pull(await again.connect(), 'orders')).messages.length).toBeGreaterThan(0);
  });

  it('goes on as a name server, which saves its table', async () => {
    const nameServer = await start('nameserver', { KV_CONFIG_PATH: join(folder, 'kvConfig.json') });
    expect(nameServer.lines.join('\n')).toMatch(/connectionsMax.*lowered.*256/);
    const peer = await nameServer.connect();
    idle = await idleConnections(nameServer.port, 2 * LIMIT);
    const put = await ask(peer, PutKvConfig.createRequest({ namespace: 'N', key: 'k', value: 'v' }));
    expect(put.code).toBe(0);
    const answer = await ask(peer, GetKvConfig.createRequest({ namespace: 'N', key: 'k' }));
    expect(GetKvConfig.readResponse(answer).value).toBe('v');
    await nameServer.end('SIGTERM');
    expect(nameServer.ended).toBe(0);
  });

  it('refuses what needs a new file while there is none, never ends, and goes on afterwards', async () => {
    const broker = await startBroker();
    const peer = await broker.connect();
    const body = Buffer.alloc(30_000, 'x');
    const sendMany = async (): Promise<Set<number>> => {
      const codes = new Set<number>();
      for (let count = 0; count < 8; count += 1) codes.add((await send(peer, 'orders', { body })).code);
      return codes;
    };
    expect(await sendMany()).toEqual(new Set([0]));
    const limitTo = (soft: number): void =>
      void execFileSync('prlimit', ['--pid', String(broker.pid), `--nofile=${soft}:${LIMIT}`]);

    limitTo(5);
    expect([...(await sendMany())]).toContain(14);
    idle = await idleConnections(broker.port, 20);
    await createTopic(peer, 'meanwhile');
    await pull(peer, 'orders');
    expect(broker.ended).toBeUndefined();

    limitTo(LIMIT);
    await until(async () => (await send(peer, 'orders', { body })).code === 0);
    const next = await broker.connect();
    const sentAfter = await send(next, 'orders', { body: 'after' });
    expect(sentAfter.code).toBe(0);
    const { messages } = await pull(next, 'orders', { queueOffset: sentAfter.queueOffset });
    expect(messages[0]?.body.toString()).toBe('after');
    await broker.end('SIGTERM');
    expect(broker.ended).toBe(0);
  });

  it('does not start with too few, and says how many it needs', async () => {
    for (const program of ['broker', 'nameserver'] as const) {
      const server = ServerProcess.start(program, {
        under: ['prlimit', '--nofile=180:180'],
        env: { STORE_DIR: folder },
      });
      servers.push(server);
      expect(await server.isReady()).toBe(false);
      expect(server.ended).toBe(1);
      expect(server.lines.filter((line) => line.includes('"fatal"'))).toEqual([expect.stringMatching(/ulimit -n/)]);
    }
  });
});
