import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ResponseCode } from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';
import { until } from '@rocketshop/shop-testkit';
import { BrokerUnderTest, pull, send, sendBack } from './support/broker-under-test.js';

const HOUR = 3_600_000;
/** Level 3 is 10 s, here half a second; level 4 is 30 s, here 1.5 s. */
const TIME_SCALE = 20;
/** What the timers of a process may be early by. */
const TOLERANCE_MS = 20;

/** The machine's clocks, of which somebody sets the wall clock. */
class SetClock {
  offset = 0;
  readonly bootId = 'this boot';
  now = (): number => Date.now() + this.offset;
  monotonic = (): number => performance.now();
  after(delayMs: number, action: () => void): () => void {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  }
}

const bodies = async (peer: Peer, topic = 'orders'): Promise<string[]> =>
  (await pull(peer, topic)).messages.map(({ body }) => body.toString());

describe.each([
  ['back by an hour', -HOUR],
  ['forward by an hour', HOUR],
])('a wall clock that is set %s', (_, jump) => {
  let storePathRootDir: string;
  let clock: SetClock;
  let broker: BrokerUnderTest;
  let peer: Peer;

  const start = async (): Promise<void> => {
    broker = await BrokerUnderTest.start({ storePathRootDir, clock, timeScale: TIME_SCALE });
    peer = await broker.connect();
  };
  const delayed = async (body: string, level: number): Promise<number> => {
    const sentAt = performance.now();
    expect((await send(peer, 'orders', { body, properties: { DELAY: String(level) } })).code).toBe(
      ResponseCode.SUCCESS,
    );
    return sentAt;
  };
  const arrived = async (body: string, topic = 'orders'): Promise<number> => {
    await until(async () => (await bodies(peer, topic)).includes(body), { description: body, intervalMs: 20 });
    return performance.now();
  };

  beforeEach(async () => {
    storePathRootDir = await mkdtemp(join(tmpdir(), 'rocketshop-clock-'));
    clock = new SetClock();
    await start();
  });
  afterEach(async () => {
    await broker.close();
    await rm(storePathRootDir, { recursive: true });
  });

  it('moves no delayed message: those before it, those after it, and those that are given back', async () => {
    const before = await delayed('before', 3);
    clock.offset = jump;
    const after = await delayed('after', 3);
    expect((await arrived('before')) - before).toBeGreaterThan(500 - TOLERANCE_MS);
    expect((await arrived('after')) - after).toBeGreaterThan(500 - TOLERANCE_MS);
    const { messages } = await pull(peer, 'orders');
    const givenBackAt = performance.now();
    await sendBack(peer, messages[0]!, 'group', 3);
    clock.offset = 0;
    expect((await arrived('before', '%RETRY%group')) - givenBackAt).toBeGreaterThan(500 - TOLERANCE_MS);
  });

  it('moves none over a restart either', async () => {
    const sentAt = await delayed('before', 4);
    await broker.close();
    clock.offset = jump;
    await start();
    await delayed('after', 3);
    await arrived('after');
    expect((await arrived('before')) - sentAt).toBeGreaterThan(1_500 - TOLERANCE_MS);
  });

  it('ends no held pull early, and holds none for ever', async () => {
    await send(peer, 'orders');
    const startedAt = performance.now();
    const held = pull(peer, 'orders', { queueOffset: 1, sysFlag: 2 | 4, suspendTimeoutMillis: 600 });
    await until(() => broker.handle.metrics()?.pullsHeld === 1);
    clock.offset = jump;
    expect((await held).code).toBe(ResponseCode.PULL_NOT_FOUND);
    expect(performance.now() - startedAt).toBeGreaterThan(600 - TOLERANCE_MS);
  });
});
