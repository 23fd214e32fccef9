import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { StartBrokerOptions } from '@rocketshop/mq-broker';
import { FaultyDisk } from '@rocketshop/mq-broker/testing';
import { until } from '@rocketshop/shop-testkit';
import { ask, BrokerUnderTest, pull, send, sendRequest } from './support/broker-under-test.js';

const KiB = 1024;

/** Row 28 (a full disk) of the conformance list, and what a broker says when its disk does not do what it should. */
describe('a broker whose disk', () => {
  let folder: string;
  let disk: FaultyDisk;
  let failures: Error[];
  let broker: BrokerUnderTest;

  const start = async (options: StartBrokerOptions = {}): Promise<void> => {
    broker = await BrokerUnderTest.start({
      storePathRootDir: folder,
      flushDiskType: 'SYNC_FLUSH',
      mappedFileSizeCommitLog: 256 * KiB,
      maxMessageSize: 64 * KiB,
      onFatal: (error) => void failures.push(error),
      ...options,
      storeOptions: {
        disk,
        zeroFillAheadBytes: 0,
        tailBytesMax: 512 * KiB,
        diskCheckIntervalMs: 20,
        ...options.storeOptions,
      },
    });
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rocketshop-conformance-'));
    disk = new FaultyDisk();
    failures = [];
  });

  afterEach(async () => {
    await broker.close();
    await rm(folder, { recursive: true });
  });

  it('refuses a sync acknowledges nothing, hangs up and reports it', async () => {
    await start();
    const peer = await broker.connect();
    await send(peer, 'orders');
    disk.faults.syncsUntilFailure = 0;
    const answer = ask(peer, sendRequest('orders')).then(
      ({ code }) => `code ${code}`,
      () => 'unanswered',
    );

    expect(await answer).toBe('unanswered');
    await until(() => failures.length > 0);
    expect(failures[0]).toMatchObject({ code: 'STORE_SYNC_FAILED' });
    await expect(broker.connect().then((late) => send(late, 'orders'))).rejects.toThrow('connect');
  });

  it('fails on the way out does not say that everything is on the disk', async () => {
    await start({ flushDiskType: 'ASYNC_FLUSH' });
    const peer = await broker.connect();
    await send(peer, 'orders');
    disk.faults.syncsUntilFailure = 0;

    await expect(broker.handle.close()).rejects.toMatchObject({ code: 'STORE_SYNC_FAILED' });
    disk = new FaultyDisk();
    await start();
  });

  it('takes no tables any more still closes its log', async () => {
    const events: string[] = [];
    const log = (_level: string, message: string): void => void events.push(message);
    await start({ flushDiskType: 'ASYNC_FLUSH', timeScale: 100 });
    const peer = await broker.connect();
    await send(peer, 'orders', { properties: { DELAY: '1' } });
    await until(async () => (await pull(peer, 'orders', { sysFlag: 5, commitOffset: 1 })).messages.length === 1);
    await rm(join(folder, 'config'), { recursive: true });
    await writeFile(join(folder, 'config'), 'in the way');

    await expect(broker.handle.close()).rejects.toThrow('config');
    await expect(broker.connect()).rejects.toThrow('connect');
    await rm(join(folder, 'config'));
    await start({ log });
    // Without the offsets of the levels, the delayed message may be delivered a second time.
    expect((await pull(await broker.connect(), 'orders')).messages).not.toHaveLength(0);
    expect(events.filter((event) => event.includes('abnormal'))).toEqual([]);
  });

  it('takes too long says that the message is stored, but not known to be safe', async () => {
    await start({ syncFlushTimeout: 200 });
    const peer = await broker.connect();
    disk.faults.holdSyncs = true;
    const answer = await send(peer, 'orders');
    disk.releaseSyncs();

    expect(answer).toMatchObject({ code: 10, queueOffset: 0 });
    await until(async () => (await pull(peer, 'orders')).messages.length === 1);
  });

  it('is full refuses sends, serves reads, and goes on when there is room', async () => {
    await start({ flushDiskType: 'ASYNC_FLUSH' });
    const peer = await broker.connect();
    for (let count = 0; count < 3; count += 1) await send(peer, 'orders');
    const body = Buffer.alloc(32 * KiB, 'x');
    disk.faults.capacityBytes = 0;
    const refused = await send(peer, 'orders', { body });
    const { messages } = await pull(peer, 'orders');
    expect(refused.code).toBe(14);
    expect(messages).toHaveLength(3);

    disk.faults.capacityBytes = Number.POSITIVE_INFINITY;
    const accepted = await until(async () => {
      const answer = await send(peer, 'orders', { body });
      return answer.code === 0 && answer;
    });
    expect(accepted.queueOffset).toBe(3);
    expect(failures).toEqual([]);
  });
});
