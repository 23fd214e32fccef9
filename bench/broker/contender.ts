import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, spawnService, startApacheRocketmq, until } from '@rocketshop/shop-testkit';
import { profileArgs } from '../measure/profile.js';
import type { LoadProcess } from './load-process.js';
import type { Target } from './load-protocol.js';

export type FlushDiskType = 'ASYNC_FLUSH' | 'SYNC_FLUSH';
export type ContenderName = 'ours' | 'apache';

/** A running broker and its name server. */
export interface Contender {
  readonly name: ContenderName;
  readonly target: Target;
  /** Time from the start of the broker's process to the answer to its first stored message, ms. The name server ran before. */
  readonly firstStoredMs: number;
  /** Stops the process by SIGSTOP while the other broker is measured: an idle JVM uses a tenth of a core. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export interface ContenderOptions {
  readonly flush: FlushDiskType;
  readonly load: LoadProcess;
  /** Folder for the CPU profiles of our broker, which writes them when it ends. */
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
  return untilFirstStored(load, { port, pid: broker.pid }, started, {
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
  // Warmed pages halve the p99 of ASYNC_FLUSH, and they cost throughput with SYNC_FLUSH. Each mode gets its better setting.
  const apache = await startApacheRocketmq({
    flushDiskType: flush,
    heap: '2g',
    properties: { warmMapedFileEnable: String(flush === 'ASYNC_FLUSH') },
  });
  const target = { port: apache.brokerPort, pid: apache.brokerPid };
  return untilFirstStored(load, target, performance.now() - apache.startMs, {
    name: 'apache',
    stop: async () => {
      process.kill(target.pid, 'SIGCONT');
      await apache.stop();
    },
  });
}

/** A JVM on a busy machine needs this long to create its files, and refuses messages until then. */
const FIRST_MESSAGE_LIMIT_MS = 60_000;

/** Measures the time until a message is stored. Stops the broker when it stores none. */
async function untilFirstStored(
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
