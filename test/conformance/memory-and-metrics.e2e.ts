import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { connectPeer, encodeFrame } from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';
import { spawnService, stopSpawnedServices, until } from '@rocketshop/shop-testkit';
import type { SpawnedService } from '@rocketshop/shop-testkit';
import { ask, pull, pullRequest, send, sendRequest } from './support/broker-under-test.js';

jest.setTimeout(60_000);

const MIB = 1024 * 1024;
const LONG = Buffer.alloc(MIB, 'x');

let folder: string;
let broker: SpawnedService;
let nameServer: SpawnedService;
const sockets: Socket[] = [];
const peers: Peer[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rocketshop-memory-'));
  nameServer = await spawnService({
    program: 'apps/nameserver/dist/main.js',
    env: { NAMESRV_LISTEN_PORT: '0' },
    readyLine: /is ready on/,
  });
  broker = await spawnService({
    program: 'apps/broker/dist/main.js',
    env: {
      BROKER_LISTEN_PORT: '0',
      NAMESRV_ADDR: String(nameServer.ready['address']),
      STORE_DIR: folder,
      MAPPED_FILE_SIZE_COMMIT_LOG: String(64 * MIB),
    },
    readyLine: /is ready on/,
  });
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const peer of peers.splice(0)) peer.close();
});
afterAll(async () => {
  await stopSpawnedServices();
  await rm(folder, { recursive: true, force: true });
});

const portOf = (service: SpawnedService): number => Number(String(service.ready['address']).split(':')[1]);

async function connectTo(service: SpawnedService): Promise<Peer> {
  const peer = await connectPeer({ host: '127.0.0.1', port: portOf(service) });
  peers.push(peer);
  return peer;
}

/** A connection that writes bytes and reads nothing. */
async function hostile(service: SpawnedService, ...bytes: Buffer[]): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: portOf(service) });
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.pause();
  for (const part of bytes) socket.write(part);
  return socket;
}

async function page(service: SpawnedService, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${String(service.ready['internal'])}${path}`);
  return { status: response.status, text: await response.text() };
}

/** The value of a metric as it is now; an answer is kept for a second. */
async function metric(service: SpawnedService, name: string, labels = ''): Promise<number> {
  const { text } = await page(service, '/metrics');
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}{${labels}`));
  return Number(line?.split(' ').at(-1) ?? Number.NaN);
}

describe('half frames on many connections', () => {
  const half = Buffer.alloc(2 * MIB);
  half.writeInt32BE(15 * MIB);
  half.writeInt32BE(100, 4);

  it.each([
    ['the broker', () => broker, 'broker_partial_frame_bytes'],
    ['the name server', () => nameServer, 'nameserver_partial_frame_bytes'],
  ])(
    'take no more memory of %s than one limit for all of them, and honest clients go on',
    async (_who, of, partial) => {
      const service = of();
      const before = await metric(service, 'process_resident_memory_bytes');
      await Promise.all(Array.from({ length: 300 }, () => hostile(service, half)));
      await until(async () => (await metric(service, partial)) > 60 * MIB, { timeoutMs: 20_000 });
      expect(await metric(service, partial)).toBeLessThanOrEqual(129 * MIB);
      expect((await metric(service, 'process_resident_memory_bytes')) - before).toBeLessThan(300 * MIB);
      const peer = await connectTo(service);
      const answers = await Promise.all([ask(peer, sendRequest('orders')), ask(peer, sendRequest('orders'))]);
      // The name server does not know the code, and says so.
      for (const { code } of answers) expect([0, 3]).toContain(code);
    },
  );
});

describe('long messages', () => {
  it('on 68 connections at the same time are all stored, and slow readers take no more than one limit', async () => {
    const senders = await Promise.all(Array.from({ length: 68 }, () => connectTo(broker)));
    // The broker refuses while the disk is behind, and a producer sends again.
    const stored = (peer: Peer) =>
      until(async () => (await send(peer, 'long', { body: LONG })).code === 0, { timeoutMs: 30_000, intervalMs: 200 });
    await Promise.all(senders.map(stored));

    const pulls = Array.from({ length: 8 }, (_, queueOffset) =>
      encodeFrame(
        pullRequest('long', { queueOffset: queueOffset * 4, maxMsgNums: 4, maxMsgBytes: 8 * MIB }),
        queueOffset,
      ),
    );
    const before = await metric(broker, 'process_resident_memory_bytes');
    await Promise.all(Array.from({ length: 100 }, () => hostile(broker, ...pulls)));
    await until(async () => (await metric(broker, 'broker_unsent_bytes')) > 100 * MIB, { timeoutMs: 20_000 });
    const reader = await connectTo(broker);
    const { messages } = await pull(reader, 'long', { maxMsgNums: 1 });
    expect(messages[0]?.body.length).toBe(LONG.length);
    expect(await metric(broker, 'broker_unsent_bytes')).toBeLessThanOrEqual(256 * MIB);
    // What was read and is not collected yet counts as resident for a while. What the broker holds stays.
    const isWithinLimit = async (): Promise<boolean> => {
      // A process that does nothing collects nothing.
      await pull(reader, 'long', { maxMsgNums: 1 });
      return (await metric(broker, 'process_resident_memory_bytes')) - before < 600 * MIB;
    };
    await until(isWithinLimit, {
      timeoutMs: 30_000,
      intervalMs: 50,
      description: 'the resident memory to be within one limit of unsent bytes',
    });
  });
});

describe('the internal port', () => {
  it('has metrics, each with a help text, and the groups that matter', async () => {
    const peer = await connectTo(broker);
    await send(peer, 'orders', { queueId: 0 });
    await pull(peer, 'orders', { consumerGroup: 'shop', sysFlag: 5, commitOffset: 0 });
    await send(peer, '%RETRY%shop', { reconsumeTimes: 17, maxReconsumeTimes: 16, version: 399 });
    await until(async () => (await metric(broker, 'broker_dead_letters', 'group="shop"')) === 1);
    expect(await metric(broker, 'broker_consumer_lag_messages', 'group="shop"')).toBeGreaterThanOrEqual(1);
    expect(await metric(broker, 'broker_messages_in_total')).toBeGreaterThanOrEqual(2);
    expect(await metric(nameServer, 'nameserver_brokers')).toBe(1);
    for (const service of [broker, nameServer]) {
      const { text } = await page(service, '/metrics');
      const helped = new Set([...text.matchAll(/^# HELP (\S+) \S/gm)].map(([, name]) => name));
      const typed = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
      expect(typed.filter((name) => !helped.has(name))).toEqual([]);
    }
  });

  it('gives no series to groups that a client invents', async () => {
    const peer = await connectTo(broker);
    const invented = Array.from({ length: 1_000 }, (_, index) =>
      pull(peer, 'orders', { consumerGroup: `invented-${index}`, sysFlag: 5, commitOffset: 1 }),
    );
    await Promise.all(invented);
    await until(async () => (await metric(broker, 'broker_groups_left_out')) > 800);
    const { text } = await page(broker, '/metrics');
    expect([...text.matchAll(/^broker_consumer_lag_messages\{/gm)].length).toBeLessThanOrEqual(100);
  });

  it('says that the process lives and is ready', async () => {
    for (const service of [broker, nameServer]) {
      expect(await page(service, '/health/live')).toMatchObject({ status: 200 });
      expect(await page(service, '/health/ready')).toMatchObject({ status: 200 });
    }
  });

  it('that is in use ends the start with one line that names it', async () => {
    const internal = new URL(String(broker.ready['internal'])).port;
    const second = spawnService({
      program: 'apps/nameserver/dist/main.js',
      env: { NAMESRV_LISTEN_PORT: '0', INTERNAL_PORT: internal },
      readyLine: /is ready on/,
    });
    await expect(second).rejects.toThrow(/ended with 1 before it was ready[\s\S]*INTERNAL_PORT/);
  });
});

it('the log of both is one JSON object a line, as that of the services', () => {
  for (const [service, name] of [
    [broker, 'broker'],
    [nameServer, 'nameserver'],
  ] as const) {
    expect(service.lines.length).toBeGreaterThan(0);
    for (const line of service.lines)
      expect(JSON.parse(line)).toMatchObject({
        level: expect.stringMatching(/^(info|warn)$/),
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        service: name,
        msg: expect.any(String),
      });
  }
});
