import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startBroker, startNameServer } from '@rocketshop/mq-broker';
import type { StartBrokerOptions } from '@rocketshop/mq-broker';
import { FaultyDisk } from '@rocketshop/mq-broker/testing';
import { connectPeer, PutKvConfig } from '@rocketshop/mq-protocol';
import { freePort, spawnService, stopSpawnedServices, until } from '@rocketshop/shop-testkit';
import { ask, BrokerUnderTest, send } from './support/broker-under-test.js';

let folder: string;
let occupied: Server;
let occupiedPort: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rocketshop-starts-'));
  occupied = createServer();
  await new Promise<void>((resolve) => occupied.listen(0, '127.0.0.1', resolve));
  occupiedPort = (occupied.address() as AddressInfo).port;
});

afterEach(async () => {
  await stopSpawnedServices();
  await new Promise((resolve) => occupied.close(resolve));
  await rm(folder, { recursive: true });
});

/** The lines of a program that ends instead of becoming ready, and how it ended. */
async function endOf(program: string, env: Record<string, string>): Promise<string> {
  const started = spawnService({ program, env, readyLine: /is ready on/ });
  return started.then(
    () => 'it became ready',
    (error: unknown) => String(error),
  );
}

const fatalLines = (output: string): string[] => output.split('\n').filter((line) => line.includes('"fatal"'));

describe('a broker process that cannot start', () => {
  const broken = async (file: string): Promise<Record<string, string>> => {
    const store = await mkdtemp(join(folder, 'store-'));
    await mkdir(join(store, 'config'));
    for (const copy of ['', '.bak']) await writeFile(join(store, 'config', `${file}${copy}`), '{"broken');
    return { STORE_DIR: store };
  };

  it('ends with 1 and one line that names the reason, whatever it is', async () => {
    const inTheWay = join(folder, 'a-file');
    await writeFile(inTheWay, '');
    const port = String(occupiedPort);
    const starts: [RegExp, Record<string, string>][] = [
      [/delayOffset\.json is broken/, await broken('delayOffset.json')],
      [/a-file/, { STORE_DIR: inTheWay }],
      [/is in use/, { STORE_DIR: join(folder, 'port'), BROKER_LISTEN_PORT: port }],
      [/INTERNAL_PORT|in use/, { STORE_DIR: join(folder, 'internal'), INTERNAL_PORT: port }],
      [/MAX_MESSAGE_SIZE|maxMessageSize/, { STORE_DIR: join(folder, 'wrong'), MAX_MESSAGE_SIZE: '99999999' }],
    ];
    const common = { BROKER_LISTEN_PORT: '0', NAMESRV_ADDR: `127.0.0.1:${port}` };
    const ends = await Promise.all(starts.map(([, env]) => endOf('apps/broker/dist/main.js', { ...common, ...env })));
    for (const [index, [reason]] of starts.entries()) {
      expect(ends[index]).toContain('ended with 1');
      expect(fatalLines(ends[index] ?? '')).toEqual([expect.stringMatching(reason)]);
    }
    const locks = (await readdir(folder, { recursive: true })).filter((path) => /(^|\/)lock/.test(path));
    expect(locks).toEqual([]);
  });
});

describe('a name server process that cannot start', () => {
  it('ends with 1 and one line that names the reason', async () => {
    const kvConfigPath = join(folder, 'kvConfig.json');
    await writeFile(kvConfigPath, '[1]');
    const port = String(await freePort());
    const ends = await Promise.all([
      endOf('apps/nameserver/dist/main.js', { NAMESRV_LISTEN_PORT: port, KV_CONFIG_PATH: kvConfigPath }),
      endOf('apps/nameserver/dist/main.js', { NAMESRV_LISTEN_PORT: String(occupiedPort) }),
    ]);
    for (const [index, reason] of [/kvConfig\.json is broken .*no backup/, /in use/].entries()) {
      expect(ends[index]).toContain('ended with 1');
      expect(fatalLines(ends[index] ?? '')).toEqual([expect.stringMatching(reason)]);
    }
    await expect(connectPeer({ host: '127.0.0.1', port: Number(port) })).rejects.toThrow('connect');
  });
});

describe('a broker that cannot start', () => {
  const resources = (): string[] => process.getActiveResourcesInfo().filter((name) => /Timeout|TCP/.test(name));

  const failure = (options: StartBrokerOptions): Promise<string> =>
    startBroker({ storePathRootDir: folder, listenPort: 0, ...options }).then(
      async (broker) => {
        await broker.close();
        return 'it started';
      },
      (error: unknown) => String(error),
    );

  /** The first start that does not find its disk broken works: nothing holds the store, its port or a name server. */
  const expectNothingLeft = async (before: string[]): Promise<void> => {
    await until(() => resources().length === before.length);
    expect((await readdir(folder)).filter((name) => name.startsWith('lock'))).toEqual([]);
    const broker = await BrokerUnderTest.start({ storePathRootDir: folder });
    expect((await send(await broker.connect(), 'orders')).code).toBe(0);
    await broker.close();
  };

  it.each(['topics', 'subscriptionGroup', 'consumerOffset', 'delayOffset'])(
    'since %s.json is unreadable leaves nothing behind',
    async (name) => {
      const before = resources();
      const path = join(folder, 'config', `${name}.json`);
      await mkdir(join(folder, 'config'), { recursive: true });
      await writeFile(path, '{"broken');
      expect(await failure({})).toContain(`${name}.json is broken`);
      await rm(path);
      await expectNothingLeft(before);
    },
  );

  it('since its port is taken leaves nothing behind, and no name server of its own', async () => {
    const before = resources();
    expect(await failure({ listenPort: occupiedPort })).toContain('EADDRINUSE');
    await expectNothingLeft(before);
  });

  it('since its disk refuses the nth write or sync leaves no timer and no lock', async () => {
    const before = resources();
    for (const fault of ['writesUntilFailure', 'syncsUntilFailure'] as const) {
      let ended = '';
      for (let count = 0; ended !== 'it started'; count += 1) {
        const disk = new FaultyDisk();
        disk.faults[fault] = count;
        // The store's log and checkpoint lie on the faulty disk, its tables in the folder.
        ended = await failure({ storeOptions: { disk, zeroFillAheadBytes: 0 }, onFatal: () => undefined });
        expect(disk.list(folder).filter((name) => name.startsWith('lock'))).toEqual([]);
        if (count > 50) throw new Error(`the start never got past its disk: ${ended}`);
      }
    }
    await until(() => resources().length === before.length);
  });
});

describe('a name server that cannot start', () => {
  it('leaves no port behind and its file as it is', async () => {
    const kvConfigPath = join(folder, 'kvConfig.json');
    const first = await startNameServer({ port: 0, kvConfigPath });
    const peer = await connectPeer({ host: first.host, port: first.port });
    await ask(peer, PutKvConfig.createRequest({ namespace: 'N', key: 'k', value: 'v' }));
    peer.close();
    await first.close();
    await expect(startNameServer({ port: occupiedPort, kvConfigPath })).rejects.toThrow('EADDRINUSE');
    const again = await startNameServer({ port: 0, kvConfigPath });
    await again.close();
  });
});
