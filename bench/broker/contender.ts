import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, spawnService, startApacheRocketmq } from '@rocketshop/test';
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
  return {
    name: 'ours',
    ...(await firstMessage(load, { port, pid: broker.pid }, started)),
    stop: async () => {
      broker.signal('SIGCONT');
      await broker.stop();
      await nameServer.stop();
      rmSync(storeDir, { recursive: true, force: true });
    },
  };
}

async function startApache({ flush, load }: ContenderOptions): Promise<Contender> {
  // Pages touched ahead halve the p99 with ASYNC_FLUSH and cost SYNC_FLUSH throughput: each mode gets what suits it.
  const apache = await startApacheRocketmq({
    flushDiskType: flush,
    heap: '2g',
    properties: { warmMapedFileEnable: String(flush === 'ASYNC_FLUSH') },
  });
  const target = { port: apache.brokerPort, pid: apache.brokerPid };
  return {
    name: 'apache',
    ...(await firstMessage(load, target, performance.now() - apache.startMs)),
    stop: async () => {
      process.kill(target.pid, 'SIGCONT');
      await apache.stop();
    },
  };
}

async function firstMessage(
  load: LoadProcess,
  target: Target,
  startedMs: number,
): Promise<Omit<Contender, 'name' | 'stop'>> {
  const { failures } = await load.run(target, { kind: 'first', topic: 'BenchFirst' });
  const firstStoredMs = performance.now() - startedMs;
  if (failures.length > 0) throw new Error(`the first message was refused: ${failures.join(', ')}`);
  return {
    target,
    firstStoredMs,
    pause: () => void process.kill(target.pid, 'SIGSTOP'),
    resume: () => void process.kill(target.pid, 'SIGCONT'),
  };
}
