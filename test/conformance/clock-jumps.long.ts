import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectPeer } from '@rocketshop/mq-protocol';
import { spawnService, stopSpawnedServices, until } from '@rocketshop/shop-testkit';
import { portOf } from '../support/broker-port.js';
import { wallClockAhead } from '../support/wall-clock.js';
import { pull, send } from './support/broker-under-test.js';

const HOUR = 3_600_000;
/** What the timers of a process may be early by. */
const TOLERANCE_MS = 20;

describe('a broker process that is killed, and started with its wall clock an hour off', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rocketshop-clock-'));
  });
  afterEach(async () => {
    await stopSpawnedServices();
    await rm(directory, { recursive: true });
  });

  it.each([-HOUR, HOUR])(
    'delivers what is due when it is due: %s ms',
    async (jump) => {
      const run = async (nodeArgs: readonly string[]) => {
        const broker = await spawnService({
          program: 'apps/broker/dist/main.js',
          nodeArgs,
          env: { STORE_DIR: directory, BROKER_LISTEN_PORT: '0', NAMESRV_ADDR: '127.0.0.1:1', TIME_SCALE: '20' },
          readyLine: /is ready on/,
        });
        return { broker, peer: await connectPeer({ host: '127.0.0.1', port: portOf(broker) }) };
      };
      const first = await run([]);
      const sentAt = performance.now();
      await send(first.peer, 'orders', { body: 'delayed', properties: { DELAY: '5' } });
      await first.broker.kill();
      const second = await run(wallClockAhead(jump));
      await until(async () => (await pull(second.peer, 'orders')).messages.length === 1, { timeoutMs: 30_000 });
      expect(performance.now() - sentAt).toBeGreaterThan(3_000 - TOLERANCE_MS);
      await second.broker.kill();
    },
    60_000,
  );
});
