import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endChild, isRunning } from '../servers/child.js';
import { freePort } from '../servers/free-port.js';
import { loadTestkitConfig } from '../testkit.config.js';
import { until } from '../wait/until.js';
import { fetchJars } from './maven.js';

export interface ApacheOptions {
  /** @default 5.5.0 */
  readonly version?: string;
  /** @default ASYNC_FLUSH */
  readonly flushDiskType?: 'SYNC_FLUSH' | 'ASYNC_FLUSH';
  /** @default 2g */
  readonly heap?: string;
  /** More lines of broker.conf. */
  readonly properties?: Readonly<Record<string, string>>;
}

export interface ApacheRocketmq {
  readonly namesrvAddr: string;
  readonly brokerPort: number;
  /** Process id of the broker that runs now. */
  readonly brokerPid: number;
  /** Time from the first start of the broker's process until its port answered, ms. */
  readonly startMs: number;
  /** Sends SIGKILL: the broker crashes. */
  killBroker(): Promise<void>;
  /** Starts the broker again on the same port and the same store. */
  startBroker(): Promise<void>;
  stop(): Promise<void>;
}

/** Java 17 closes packages that RocketMQ needs. RocketMQ's own start scripts open the same packages. */
const JAVA_FLAGS = [
  '-XX:-OmitStackTraceInFastThrow',
  '-XX:+IgnoreUnrecognizedVMOptions',
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-opens=java.base/java.util=ALL-UNNAMED',
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
  '--add-exports=java.base/sun.nio.ch=ALL-UNNAMED',
];

const BROKER_FLAGS = [
  '-XX:+UseG1GC',
  '-XX:G1HeapRegionSize=16m',
  '-XX:G1ReservePercent=25',
  '-XX:InitiatingHeapOccupancyPercent=30',
  '-XX:SoftRefLRUPolicyMSPerMB=0',
  '-XX:MaxDirectMemorySize=2g',
];

const START_LIMIT_MS = 60_000;

/** Starts a name server and a broker of Apache RocketMQ on free loopback ports. The jars come from Maven: it needs Java and Maven. */
export async function startApacheRocketmq(options: ApacheOptions = {}): Promise<ApacheRocketmq> {
  const version = options.version ?? '5.5.0';
  const artifacts = ['namesrv', 'broker', 'tools'].map((name) => ({ name: `rocketmq-${name}`, version }));
  const lib = await fetchJars(`server-${version}`, artifacts);
  const home = mkdtempSync(join(tmpdir(), 'apache-rocketmq-'));
  const removeHome = (): void => rmSync(home, { recursive: true, force: true });
  const namesrvPort = await freePort();
  const brokerPort = await freeBrokerPort();
  writeConfiguration(home, namesrvPort, brokerPort, options);
  const namesrvAddr = `127.0.0.1:${namesrvPort}`;
  const launch = (main: string, flags: readonly string[], config: string) =>
    launchJava(home, lib, main, flags, ['-c', join(home, config)], namesrvAddr);

  /** A program that does not come up is ended, so that the caller is not kept alive by it. */
  const started = async (child: ChildProcess, port: number, others: readonly ChildProcess[] = []) => {
    try {
      await untilListening(port, child);
      return child;
    } catch (error) {
      await Promise.all([child, ...others].map((one) => endChild(one, 'SIGKILL')));
      throw error;
    }
  };

  const nameServerFlags = ['-Xms256m', '-Xmx256m'];
  const nameServer = await started(
    launch('org.apache.rocketmq.namesrv.NamesrvStartup', nameServerFlags, 'namesrv.conf'),
    namesrvPort,
  );
  const launchedAt = performance.now();
  const heap = options.heap ?? '2g';
  const flags = [`-Xms${heap}`, `-Xmx${heap}`, ...BROKER_FLAGS];
  const launchBroker = (): Promise<ChildProcess> =>
    started(launch('org.apache.rocketmq.broker.BrokerStartup', flags, 'broker.conf'), brokerPort, [nameServer]);
  let broker = await launchBroker();
  // This handler runs after those that end the two processes, so nothing writes to the folder any more.
  process.once('exit', removeHome);
  return {
    namesrvAddr,
    brokerPort,
    get brokerPid() {
      return broker.pid ?? 0;
    },
    startMs: performance.now() - launchedAt,
    killBroker: () => endChild(broker, 'SIGKILL'),
    startBroker: async () => {
      broker = await launchBroker();
    },
    stop: async () => {
      await endChild(broker, 'SIGTERM', 20_000);
      await endChild(nameServer, 'SIGTERM');
      removeHome();
      process.off('exit', removeHome);
    },
  };
}

/** The broker also takes port − 2 for its fast port and port + 1 for replication. */
async function freeBrokerPort(): Promise<number> {
  return (await freePort()) + 3;
}

function writeConfiguration(home: string, namesrvPort: number, brokerPort: number, options: ApacheOptions): void {
  mkdirSync(join(home, 'conf'));
  writeFileSync(join(home, 'conf/tools.yml'), '');
  // 4.9 does not start without them.
  for (const program of ['namesrv', 'broker']) {
    writeFileSync(join(home, `conf/logback_${program}.xml`), '<configuration/>');
  }
  const lines = (properties: Readonly<Record<string, string | number | boolean>>) =>
    Object.entries(properties)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('');
  const namesrv = { listenPort: namesrvPort, bindAddress: '127.0.0.1', kvConfigPath: join(home, 'kvConfig.json') };
  writeFileSync(join(home, 'namesrv.conf'), lines(namesrv));
  const broker = {
    brokerClusterName: 'DefaultCluster',
    brokerName: 'broker-a',
    brokerId: 0,
    brokerRole: 'ASYNC_MASTER',
    flushDiskType: options.flushDiskType ?? 'ASYNC_FLUSH',
    brokerIP1: '127.0.0.1',
    brokerIP2: '127.0.0.1',
    bindAddress: '127.0.0.1',
    listenPort: brokerPort,
    namesrvAddr: `127.0.0.1:${namesrvPort}`,
    autoCreateTopicEnable: true,
    autoCreateSubscriptionGroup: true,
    storePathRootDir: join(home, 'store'),
    storePathCommitLog: join(home, 'store/commitlog'),
    ...options.properties,
  };
  writeFileSync(join(home, 'broker.conf'), lines(broker));
}

function launchJava(
  home: string,
  lib: string,
  main: string,
  flags: readonly string[],
  args: readonly string[],
  namesrvAddr: string,
): ChildProcess {
  const log = openSync(join(home, `${main.slice(main.lastIndexOf('.') + 1)}.out`), 'a');
  const properties = [`-Duser.home=${home}`, `-Drocketmq.home.dir=${home}`];
  const child = spawn('java', [...properties, ...JAVA_FLAGS, ...flags, '-cp', `${home}/conf:${lib}/*`, main, ...args], {
    cwd: home,
    env: { ROCKETMQ_HOME: home, NAMESRV_ADDR: namesrvAddr, PATH: loadTestkitConfig().path },
    detached: true,
    stdio: ['ignore', log, log],
  });
  process.once('exit', () => {
    if (isRunning(child)) child.kill('SIGKILL');
  });
  return child;
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  await until(
    async () => {
      if (!isRunning(child)) throw new Error('the Java process ended');
      return canConnect(port);
    },
    { timeoutMs: START_LIMIT_MS, intervalMs: 50, description: `port ${port} of Apache RocketMQ` },
  );
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
