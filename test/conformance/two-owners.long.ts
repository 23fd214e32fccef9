import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@rocketshop/shop-testkit';
import { pull } from './support/broker-under-test.js';
import { ServerProcess } from './support/server-process.js';
import { ANOTHER_CONTAINER, sendSome } from './support/two-owners.js';

const [unshare, ...inNamespace] = ANOTHER_CONTAINER;
const unsharePath = spawnSync('sh', ['-c', `command -v ${unshare}`], { encoding: 'utf8' }).stdout.trim();
const withNamespaces = unsharePath !== '' && spawnSync(unsharePath, [...inNamespace, 'true']).status === 0;

describe('a store on a machine without flock', () => {
  let folder: string;
  const brokers: ServerProcess[] = [];
  const start = (under: readonly string[] = []): ServerProcess => {
    const broker = ServerProcess.start('broker', { under, env: { STORE_DIR: folder, PATH: '/nowhere' } });
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

  (withNamespaces ? it : it.skip)(
    'goes to the next owner when one stands still, and that one ends when it wakes',
    async () => {
      const first = start([unsharePath, ...inNamespace]);
      await first.isReady();
      const peer = await first.connect();
      const acknowledged = await sendSome(peer, 'first', 5);
      const { innerPid } = first;
      process.kill(innerPid, 'SIGSTOP');
      const second = start();
      expect(await second.isReady()).toBe(true);
      acknowledged.push(...(await sendSome(await second.connect(), 'second', 5)));

      // Sends wait in the socket of the first one, which reads them as soon as it wakes.
      const late = Promise.all([1, 2, 3].map((index) => sendSome(peer, `late ${index}`, 1)));
      process.kill(innerPid, 'SIGCONT');
      expect((await late).flat()).toEqual([]);
      await until(() => first.ended !== undefined);
      expect(first.ended).toBe(1);
      expect(first.lines.join('\n')).toMatch(/is not ours any more: process \d+ has taken it over/);

      acknowledged.push(...(await sendSome(await second.connect(), 'third', 5)));
      expect(await readFile(join(folder, 'lock'), 'utf8')).toContain('"pid"');
      await second.end('SIGTERM');
      const third = start();
      expect(await third.isReady()).toBe(true);
      const { messages } = await pull(await third.connect(), 'orders');
      expect(messages.map(({ body }) => body.toString())).toEqual(acknowledged);
    },
  );

  it('is left by an owner whose lock file somebody removed', async () => {
    const first = start();
    await first.isReady();
    await rm(join(folder, 'lock'));
    await until(() => first.ended !== undefined);
    expect(first.ended).toBe(1);
    expect(first.lines.join('\n')).toContain('its lock file is gone');
    expect(await start().isReady()).toBe(true);
  });
});
