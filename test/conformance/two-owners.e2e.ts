import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Peer } from '@rocketshop/mq-protocol';
import { pull, send } from './support/broker-under-test.js';
import { ServerProcess } from './support/server-process.js';
import { ANOTHER_CONTAINER, sendSome } from './support/two-owners.js';

const withNamespaces = spawnSync(ANOTHER_CONTAINER[0], [...ANOTHER_CONTAINER.slice(1), 'true']).status === 0;

describe('a store that two brokers want', () => {
  let folder: string;
  const brokers: ServerProcess[] = [];
  const start = (under: readonly string[] = []): ServerProcess => {
    const broker = ServerProcess.start('broker', { under, env: { STORE_DIR: folder } });
    brokers.push(broker);
    return broker;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rocketshop-owners-'));
  });

  afterEach(async () => {
    await Promise.all(brokers.splice(0).map((broker) => broker.end('SIGKILL')));
    await rm(folder, { recursive: true });
  });

  /** Everything acknowledged is there for the next owner. */
  const expectStored = async (acknowledged: readonly string[]): Promise<void> => {
    const next = start();
    expect(await next.isReady()).toBe(true);
    const { messages } = await pull(await next.connect(), 'orders', { maxMsgNums: 32 });
    expect(messages.map(({ body }) => body.toString())).toEqual(acknowledged);
  };

  const expectRefused = async (broker: ServerProcess): Promise<void> => {
    expect(await broker.isReady()).toBe(false);
    expect(broker.ended).toBe(1);
    expect(broker.lines.filter((line) => line.includes('is in use by'))).toHaveLength(1);
  };

  it('stays with the one that has it, when somebody removes its lock file', async () => {
    const first = start();
    await first.isReady();
    const peer = await first.connect();
    const acknowledged = await sendSome(peer, 'before', 5);
    await rm(join(folder, 'lock'));
    await expectRefused(start());
    acknowledged.push(...(await sendSome(peer, 'after', 5)));
    await first.end('SIGTERM');
    expect(first.ended).toBe(0);
    expect((await readdir(folder)).filter((name) => name.startsWith('lock'))).toEqual([]);
    await expectStored(acknowledged);
  });

  (withNamespaces ? it : it.skip)('stays with one in another container that stands still', async () => {
    const first = start(ANOTHER_CONTAINER);
    await first.isReady();
    const peer = await first.connect();
    const acknowledged = await sendSome(peer, 'before', 5);
    process.kill(first.innerPid, 'SIGSTOP');
    await expectRefused(start());
    process.kill(first.innerPid, 'SIGCONT');
    acknowledged.push(...(await sendSome(peer, 'after', 5)));
    process.kill(first.innerPid, 'SIGKILL');
    await first.end('SIGKILL');
    await expectStored(acknowledged);
  });

  it('goes to one of four that start at once, and to the next one as soon as that is killed', async () => {
    const four = [1, 2, 3, 4].map(() => start());
    const ready = await Promise.all(four.map((broker) => broker.isReady()));
    expect(ready.filter(Boolean)).toHaveLength(1);
    const owner = four[ready.indexOf(true)] as ServerProcess;
    const peer: Peer = await owner.connect();
    expect((await send(peer, 'orders', { body: 'one' })).code).toBe(0);
    await owner.end('SIGKILL');
    await expectStored(['one']);
  });
});
