import { join } from 'node:path';
import { spawnService } from '@rocketshop/shop-testkit';
import type { SpawnedService } from '@rocketshop/shop-testkit';
import { portOf } from '../support/broker-port.js';
import { BrokerClient, QUEUES } from './broker-client.js';
import { check } from './checkers.js';
import type { Verdict } from './checkers.js';
import { History } from './history.js';
import type { ReadMessage } from './history.js';
import { Load, asRead } from './load.js';

/** The load runs for a random time between these limits before a kill. */
const LOAD_MS_MIN = 200;
const LOAD_MS_MAX = 1000;

export interface KillRoundsOptions {
  rounds: number;
  producers: number;
  flushDiskType: 'SYNC_FLUSH' | 'ASYNC_FLUSH';
  /** The folder for the store and the history. */
  directory: string;
}

export interface KillRoundsResult extends Verdict {
  kills: number;
  /** Time from the start of the process to its ready line after a kill. */
  restartMsMedian: number;
}

/** Kills a broker process under load again and again on one store, then reads all messages back and checks them. */
export async function runKillRounds(options: KillRoundsOptions): Promise<KillRoundsResult> {
  const history = new History(join(options.directory, 'history.jsonl'));
  const load = new Load(history, options.producers);
  const read: ReadMessage[] = [];
  const restartsMs: number[] = [];
  for (let round = 0; round <= options.rounds; round++) {
    const startedAt = performance.now();
    const broker = await startBrokerProcess(options);
    if (round > 0) restartsMs.push(performance.now() - startedAt);
    try {
      await inspect(portOf(broker), round, history, read);
      if (round < options.rounds) await killUnderLoad(broker, load, round);
    } finally {
      await broker.kill();
    }
  }
  history.save();
  // Messages that were read after a restart must still be there at the end, so everything is read once more.
  const everything = await readEverything(options);
  const verdict = check(history.entries, everything);
  verdict.violations.push(...changedSince(read, everything));
  return {
    ...verdict,
    kills: options.rounds,
    restartMsMedian: Math.round(restartsMs.toSorted((a, b) => a - b).at(restartsMs.length >> 1) ?? 0),
  };
}

async function killUnderLoad(broker: SpawnedService, load: Load, round: number): Promise<void> {
  const running = load.run(portOf(broker), round);
  await new Promise((resolve) => setTimeout(resolve, LOAD_MS_MIN + Math.random() * (LOAD_MS_MAX - LOAD_MS_MIN)));
  await broker.kill();
  await running;
}

/** Reads the committed offsets and the new messages of each queue after a restart. */
async function inspect(port: number, round: number, history: History, read: ReadMessage[]): Promise<void> {
  const client = await BrokerClient.connect(port);
  try {
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      if (round > 0) history.add({ kind: 'query', round, queueId, offset: await client.committed(queueId) });
      const next = read.filter((message) => message.queueId === queueId).length;
      for (const message of await client.readQueue(queueId, next)) read.push(asRead(message));
    }
  } finally {
    client.close();
  }
}

async function readEverything(options: KillRoundsOptions): Promise<ReadMessage[]> {
  const read: ReadMessage[] = [];
  const broker = await startBrokerProcess(options);
  const client = await BrokerClient.connect(portOf(broker));
  for (let queueId = 0; queueId < QUEUES; queueId++) {
    for (const message of await client.readQueue(queueId, 0)) read.push(asRead(message));
  }
  client.close();
  await broker.stop();
  return read;
}

function changedSince(before: readonly ReadMessage[], after: readonly ReadMessage[]): string[] {
  const now = new Map(after.map((message) => [`${message.queueId}@${message.queueOffset}`, message.digest]));
  return before
    .filter((message) => now.get(`${message.queueId}@${message.queueOffset}`) !== message.digest)
    .map((message) => `changed after it was read: ${message.queueId}@${message.queueOffset}`);
}

function startBrokerProcess({ directory, flushDiskType }: KillRoundsOptions): Promise<SpawnedService> {
  return spawnService({
    program: 'apps/broker/dist/main.js',
    env: {
      BROKER_LISTEN_PORT: '0',
      // Nothing listens on this port: the test needs no name server.
      NAMESRV_ADDR: '127.0.0.1:1',
      STORE_DIR: join(directory, 'store'),
      FLUSH_DISK_TYPE: flushDiskType,
      MAPPED_FILE_SIZE_COMMIT_LOG: String(16 * 1024 * 1024),
    },
    readyLine: /is ready on/,
  });
}
