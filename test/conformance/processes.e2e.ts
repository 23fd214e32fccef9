import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort, repositoryRoot, spawnService, stopSpawnedServices } from '@rocketshop/shop-testkit';
import { ask, BrokerUnderTest, pull, send, sendRequest } from './support/broker-under-test.js';

const outerAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

/** As in a container: everything bound, no address said. */
const IN_A_CONTAINER = { BIND_ADDRESS: '0.0.0.0', BROKER_IP1: '' };

async function isHealthy(program: string, env: Record<string, string>): Promise<boolean> {
  const checked = promisify(execFile)(process.execPath, [join(repositoryRoot, program)], { env });
  return checked.then(
    () => true,
    () => false,
  );
}

describe('the processes of the broker', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rocketshop-processes-'));
  });

  afterEach(async () => {
    await stopSpawnedServices();
    await rm(folder, { recursive: true });
  });

  it('listen on loopback unless BIND_ADDRESS says otherwise', async () => {
    const nameServer = await spawnService({
      program: 'apps/nameserver/dist/main.js',
      env: { NAMESRV_LISTEN_PORT: '0' },
      readyLine: /is ready on/,
    });
    const broker = await spawnService({
      program: 'apps/broker/dist/main.js',
      env: { BROKER_LISTEN_PORT: '0', NAMESRV_ADDR: '127.0.0.1:1', STORE_DIR: folder },
      readyLine: /is ready on/,
    });
    expect(nameServer.lines.join('\n')).toMatch(/is ready on 127\.0\.0\.1:\d+/);
    expect(broker.lines.join('\n')).toMatch(/is ready on 127\.0\.0\.1:\d+/);
    expect([await broker.stop(), await nameServer.stop()]).toEqual([0, 0]);
  });

  it('bound to all addresses name one that others reach, and pass their health checks', async () => {
    const nameServerEnv = { ...IN_A_CONTAINER, NAMESRV_LISTEN_PORT: String(await freePort()) };
    const nameServer = await spawnService({
      program: 'apps/nameserver/dist/main.js',
      env: nameServerEnv,
      readyLine: /is ready on/,
    });
    const brokerEnv = {
      ...IN_A_CONTAINER,
      BROKER_LISTEN_PORT: String(await freePort()),
      NAMESRV_ADDR: `127.0.0.1:${nameServerEnv.NAMESRV_LISTEN_PORT}`,
      STORE_DIR: folder,
    };
    const broker = await spawnService({
      program: 'apps/broker/dist/main.js',
      env: brokerEnv,
      readyLine: /is ready on/,
    });
    const address = outerAddress ?? '127.0.0.1';
    expect(nameServer.lines.join('\n')).toContain(`is ready on ${address}:`);
    expect(broker.lines.join('\n')).toContain(`is ready on ${address}:`);
    expect(await isHealthy('apps/nameserver/dist/health.js', nameServerEnv)).toBe(true);
    expect(await isHealthy('apps/broker/dist/health.js', brokerEnv)).toBe(true);
    await broker.stop();
    expect(await isHealthy('apps/broker/dist/health.js', brokerEnv)).toBe(false);
  });
});

describe('a broker whose name server takes connections and never answers', () => {
  let nameServer: Server;
  let sockets: Socket[];
  let namesrvAddr: string;

  beforeEach(async () => {
    sockets = [];
    nameServer = createServer((socket) => void sockets.push(socket));
    const port = await freePort();
    await new Promise<void>((resolve) => nameServer.listen(port, '127.0.0.1', resolve));
    namesrvAddr = `127.0.0.1:${port}`;
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => nameServer.close(resolve));
  });

  it('is ready all the same, serves, and goes when it is told to', async () => {
    const startedAt = performance.now();
    const broker = await BrokerUnderTest.start({ namesrvAddr });
    const readyMs = performance.now() - startedAt;
    const peer = await broker.connect();
    expect((await send(peer, 'orders')).code).toBe(0);
    expect((await pull(peer, 'orders')).messages).toHaveLength(1);
    expect((await ask(peer, sendRequest('orders'))).code).toBe(0);
    const closedAt = performance.now();
    await broker.close();
    expect(readyMs).toBeLessThan(3_000);
    expect(performance.now() - closedAt).toBeLessThan(3_500);
  });
});
