import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, spawnService, startApacheRocketmq, until } from '@rocketshop/shop-testkit';
import { profileArgs } from '../measure/profile.js';
import type { LoadProcess } from './load-process.js';
import type { Target } from './load-protocol.js';

export type FlushDiskType = 'ASYNC_FLUSH' | 'SYNC_FLUSH';
export type ContenderName = 'ours' | 'apache';

/** A broker with its name server, running. */
export interface Contender {
  readonly name: ContenderName;
  readonly target: Target;
  /** From the start of the broker's process, its name server being up, to its first stored and answered message, ms. */
  readonly firstStoredMs: number;
  /** Stops its clock while another one is measured: an idle JVM takes a tenth of a core. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export interface ContenderOptions {
  readonly flush: FlushDiskType;
  readonly load: LoadProcess;
  /** Folder for CPU profiles of our broker, written when it ends. */
  readonly profileDir?: string | undefined;
}

export function startContender(name: ContenderName, options: ContenderOptions): Promise<Contender> {
  return name === 'ours' ? startOurs(options) : startApache(options);
}

async function startOurs({ flush, load, profileDir }: ContenderOptions): Promise<Contender> {
  const storeDir = mkdtempSync(join(tmpdir(), 'rocketshop-bench-'));
  const [namesrvPort, port] = [await freePort(), await freePort()];
  const nameServer = await spawnService({
    program: 'apps/nameserver/dist/main.js',
    env: { NAMESRV_LISTEN_PORT: String(namesrvPort) },
    readyLine: / ready\b/,
  });
  const started = performance.now();
  const broker = await spawnService({
    program: 'apps/broker/dist/main.js',
    env: {
      NAMESRV_ADDR: `127.0.0.1:${namesrvPort}`,
      BROKER_LISTEN_PORT: String(port),
      STORE_DIR: storeDir,
      FLUSH_DISK_TYPE: flush,
    },
    nodeArgs: profileDir === undefined ? undefined : profileArgs(join(profileDir, flush)),
    readyLine: / ready\b/,
  });
  return proven(load, { port, pid: broker.pid }, started, {
    name: 'ours',
    stop: async () => {
      broker.signal('SIGCONT');
      await broker.stop();
      await nameServer.stop();
      rmSync(storeDir, { recursive: true, force: true });
    },
  });
}

async function startApache({ flush, load }: ContenderOptions): Promise<Contender> {
  // Pages touched ahead halve the p99 with ASYNC_FLUSH and cost SYNC_FLUSH throughput: each mode gets what suits it.
  const apache = await startApacheRocketmq({
    flushDiskType: flush,
    heap: '2g',
    properties: { warmMapedFileEnable: String(flush === 'ASYNC_FLUSH') },
  });
  const target = { port: apache.brokerPort, pid: apache.brokerPid };
  return proven(load, target, performance.now() - apache.startMs, {
    name: 'apache',
    stop: async () => {
      process.kill(target.pid, 'SIGCONT');
      await apache.stop();
    },
  });
}

/** How long a broker may refuse its first message: a JVM on a busy machine takes its time to set up its files. */
const FIRST_MESSAGE_LIMIT_MS = 60_000;

/** Measures until a message is stored, and stops the broker again where none is. */
async function proven(
  load: LoadProcess,
  target: Target,
  startedMs: number,
  broker: Pick<Contender, 'name' | 'stop'>,
): Promise<Contender> {
  try {
    await until(
      async () => {
        const { failures } = await load.run(target, { kind: 'first', topic: 'BenchFirst' });
        if (failures.length > 0) throw new Error(failures.join(', '));
        return true;
      },
      { timeoutMs: FIRST_MESSAGE_LIMIT_MS, description: `the first message of ${broker.name}` },
    );
  } catch (error) {
    await broker.stop();
    throw error;
  }
  return {
    ...broker,
    target,
    firstStoredMs: performance.now() - startedMs,
    pause: () => void process.kill(target.pid, 'SIGSTOP'),
    resume: () => void process.kill(target.pid, 'SIGCONT'),
  };
}
