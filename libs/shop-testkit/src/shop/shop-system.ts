import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultProxy } from '../faults/fault-proxy.js';
import { spawnService, type SpawnedService } from '../servers/processes.js';
import { freePort } from '../servers/free-port.js';
import { startPostgresServer, type PostgresServer } from '../servers/postgres.js';
import { startRedisServer, type RedisServer } from '../servers/redis.js';
import type { DatabaseUrls } from '../invariants/shop-records.js';
import type { ShopUrls } from './shop-client.js';

export const SERVICES = ['order', 'stock', 'coupon', 'user', 'pay'] as const;
export type ServiceName = (typeof SERVICES)[number];
export type ProgramName = ServiceName | 'pay-provider' | 'nameserver' | 'broker';

/** Good on one machine for as long as a demo or a test runs, and for nothing else. */
const TOKEN_SECRET = 'demo-only-token-secret-change-me-please';
const CALLBACK_SECRET = 'demo-only-callback-secret-change-me';
const DATABASE_PASSWORD = 'demo-only-service';

/** The ports of the architecture; replicas beyond the first always get free ones. */
const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  nameserver: 9876,
  broker: 10911,
  'order.http': 3001,
  'stock.http': 3002,
  'coupon.http': 3003,
  'user.http': 3004,
  'pay.http': 3005,
  'order.rpc': 4001,
  'stock.rpc': 4002,
  'coupon.rpc': 4003,
  'user.rpc': 4004,
  'pay.rpc': 4005,
  'pay-provider.http': 3010,
};

export interface ShopSystemOptions {
  /** @default 1 */
  readonly replicas?: number;
  /** Divides delays; see TIME_SCALE. @default 60 */
  readonly timeScale?: number;
  /** @default SYNC_FLUSH */
  readonly flushDiskType?: 'SYNC_FLUSH' | 'ASYNC_FLUSH';
  /** The well-known ports instead of free ones, for people who want to look around. @default false */
  readonly wellKnownPorts?: boolean;
  /** PostgreSQL's fsync. @default true */
  readonly fsync?: boolean;
  /** Folder of another PostgreSQL's programs. @default the npm package's */
  readonly postgresBinDir?: string | undefined;
  /** @default true */
  readonly redis?: boolean;
  /** Kept when given; made and removed again when not. */
  readonly dataDir?: string;
  /** Name servers of a broker that runs already, for example Apache RocketMQ; then none of ours is started. */
  readonly namesrvAddr?: string;
  /** RPC interfaces that their callers reach through a {@link FaultProxy}; see {@link ShopSystem.proxy}. */
  readonly proxied?: readonly ServiceName[];
  /** More variables for one program, over the defaults. */
  readonly env?: Partial<Record<ProgramName, Readonly<Record<string, string>>>>;
  /** Flags of Node itself for one program, for example `--cpu-prof`. */
  readonly nodeArgs?: Readonly<Partial<Record<ProgramName, readonly string[]>>>;
  /** Called as each part comes up, for progress. */
  readonly onProgress?: (what: string) => void;
}

interface Replica {
  readonly program: ProgramName;
  readonly env: Readonly<Record<string, string>>;
  process: SpawnedService | undefined;
}

/** The whole shop as processes on this machine: PostgreSQL, Redis, name server, broker, five services, provider. */
export class ShopSystem {
  private readonly replicas = new Map<string, Replica>();
  private readonly ports = new Map<string, number>();
  private readonly proxies = new Map<ServiceName, FaultProxy>();
  private postgres: PostgresServer | undefined;
  private redis: RedisServer | undefined;
  private dataDir = '';
  private postgresDir = '';

  private constructor(private readonly options: ShopSystemOptions) {}

  /** Ready to take orders when it resolves; nothing is left running when it rejects. */
  static async start(options: ShopSystemOptions = {}): Promise<ShopSystem> {
    const system = new ShopSystem(options);
    try {
      await system.startAll();
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  /** Base URL of a replica's HTTP interface. */
  url(service: ServiceName | 'pay-provider', replica = 0): string {
    return `http://127.0.0.1:${this.port(`${service}.http`, replica)}`;
  }

  get namesrvAddr(): string {
    return this.options.namesrvAddr ?? `127.0.0.1:${this.port('nameserver')}`;
  }

  get brokerStoreDir(): string {
    return join(this.dataDir, 'broker');
  }

  get redisOrigin(): string | undefined {
    return this.redis?.origin;
  }

  get postgresPid(): number {
    if (!this.postgres) throw new Error('PostgreSQL is not running');
    return this.postgres.pid;
  }

  get redisServer(): RedisServer | undefined {
    return this.redis;
  }

  get timeScale(): number {
    return this.options.timeScale ?? 60;
  }

  get replicaCount(): number {
    return this.options.replicas ?? 1;
  }

  /** URL of a service's own database, as its own user. */
  databaseUrl(service: ServiceName): string {
    if (!this.postgres) throw new Error('PostgreSQL is not running');
    return this.postgres.url(`shop_${service}`, `shop_${service}`, DATABASE_PASSWORD);
  }

  port(name: string, replica = 0): number {
    const port = this.ports.get(`${name}#${replica}`);
    if (port === undefined) throw new Error(`nothing listens as ${name}, replica ${replica}`);
    return port;
  }

  get urls(): ShopUrls {
    const [order, stock, coupon, user, pay] = SERVICES.map((service) => this.url(service)) as [
      string,
      string,
      string,
      string,
      string,
    ];
    return { order, stock, coupon, user, pay, provider: this.url('pay-provider') };
  }

  get databaseUrls(): DatabaseUrls {
    return Object.fromEntries(SERVICES.map((service) => [service, this.databaseUrl(service)])) as DatabaseUrls;
  }

  /** The proxy before the RPC interface of a service that was started as `proxied`. */
  proxy(service: ServiceName): FaultProxy {
    const proxy = this.proxies.get(service);
    if (!proxy) throw new Error(`${service} was not started behind a proxy`);
    return proxy;
  }

  process(program: ProgramName, replica = 0): SpawnedService {
    const { process } = this.replica(program, replica);
    if (!process) throw new Error(`${program} is not running`);
    return process;
  }

  /** SIGTERM: it drains and ends. @returns the exit code */
  async stopProgram(program: ProgramName, replica = 0): Promise<number | null> {
    const target = this.replica(program, replica);
    const code = (await target.process?.stop()) ?? null;
    target.process = undefined;
    return code;
  }

  /** SIGKILL: what a crash looks like. */
  async killProgram(program: ProgramName, replica = 0): Promise<void> {
    const target = this.replica(program, replica);
    await target.process?.kill();
    target.process = undefined;
  }

  /** The same program on the same ports and data as before, with more variables where given. */
  async startProgram(program: ProgramName, replica = 0, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const target = this.replica(program, replica);
    target.process = await spawnService({
      program: `apps/${program}/dist/main.js`,
      env: { ...target.env, ...env },
      nodeArgs: this.options.nodeArgs?.[program],
      readyLine: / ready\b/,
      // Five services that boot at once on a busy machine take their time.
      readyTimeoutMs: 60_000,
    });
  }

  /** PostgreSQL crashes with every session in it, and recovers from its log on the same port when `meanwhile` is over. */
  async crashPostgres(meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const port = this.postgres?.port;
    await this.postgres?.stop('immediate');
    await meanwhile();
    this.postgres = await this.launchPostgres(port);
  }

  /** Services first, then what they stand on. */
  async stop(): Promise<void> {
    const order: ProgramName[][] = [[...SERVICES], ['pay-provider'], ['broker'], ['nameserver']];
    for (const programs of order) {
      const running = [...this.replicas.values()].filter(({ program }) => programs.includes(program));
      await Promise.all(running.map(async ({ process }) => process?.stop()));
    }
    this.replicas.clear();
    await Promise.all([...this.proxies.values()].map((proxy) => proxy.stop()));
    await this.redis?.stop();
    await this.postgres?.stop('fast');
    if (this.options.dataDir !== undefined) return;
    for (const folder of [this.dataDir, this.postgresDir].filter(Boolean)) {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async startAll(): Promise<void> {
    const progress = this.options.onProgress ?? (() => undefined);
    this.dataDir = this.options.dataDir ?? (await mkdtemp(join(tmpdir(), 'rocketshop-')));
    await this.choosePorts();
    await Promise.all([this.startDatabases(progress), this.startCache(progress), this.startMessaging(progress)]);
    await this.launch('pay-provider', 0, {
      HTTP_PORT: String(this.port('pay-provider.http')),
      DATA_FILE: join(this.dataDir, 'provider.jsonl'),
      CALLBACK_SECRETS: CALLBACK_SECRET,
    });
    progress('payment provider');
    for (let replica = 0; replica < this.replicaCount; replica++) {
      await Promise.all(SERVICES.map((service) => this.launch(service, replica, this.serviceEnv(service, replica))));
    }
    progress('order, stock, coupon, user, pay');
  }

  private async choosePorts(): Promise<void> {
    const names = Object.keys(DEFAULT_PORTS);
    for (let replica = 0; replica < this.replicaCount; replica++) {
      for (const name of names) {
        const wellKnown = this.options.wellKnownPorts && replica === 0 ? DEFAULT_PORTS[name] : undefined;
        this.ports.set(`${name}#${replica}`, wellKnown ?? (await freePort()));
      }
    }
    for (const service of this.options.proxied ?? []) {
      this.proxies.set(service, await FaultProxy.start({ port: this.port(`${service}.rpc`) }));
    }
  }

  private async startDatabases(progress: (what: string) => void): Promise<void> {
    // A folder of its own beside the others': PostgreSQL may run as another user, who must be able to reach it.
    this.postgresDir =
      this.options.dataDir === undefined
        ? await mkdtemp(join(tmpdir(), 'rocketshop-postgres-'))
        : join(this.options.dataDir, 'postgres');
    this.postgres = await this.launchPostgres();
    for (const service of SERVICES) {
      const name = `shop_${service}`;
      await this.postgres.createUser(name, DATABASE_PASSWORD);
      if (!(await this.postgres.hasDatabase(name))) await this.postgres.createDatabase(name, { owner: name });
    }
    progress('PostgreSQL');
  }

  private launchPostgres(port?: number): Promise<PostgresServer> {
    return startPostgresServer({
      dataDir: this.postgresDir,
      ...(port === undefined ? {} : { port }),
      binDir: this.options.postgresBinDir,
      ...(this.options.fsync === undefined ? {} : { fsync: this.options.fsync }),
      maxConnections: 100 + 100 * this.replicaCount,
    });
  }

  private async startCache(progress: (what: string) => void): Promise<void> {
    if (this.options.redis === false) return;
    this.redis = await startRedisServer();
    progress(
      this.redis ? `Redis (${this.redis.origin})` : 'no Redis to be had: PostgreSQL alone, slower and just as right',
    );
  }

  private async startMessaging(progress: (what: string) => void): Promise<void> {
    if (this.options.namesrvAddr !== undefined) return;
    await this.launch('nameserver', 0, { NAMESRV_LISTEN_PORT: String(this.port('nameserver')) });
    await this.launch('broker', 0, {
      BROKER_LISTEN_PORT: String(this.port('broker')),
      NAMESRV_ADDR: this.namesrvAddr,
      STORE_DIR: this.brokerStoreDir,
      FLUSH_DISK_TYPE: this.options.flushDiskType ?? 'SYNC_FLUSH',
    });
    progress(`name server and broker (${this.options.flushDiskType ?? 'SYNC_FLUSH'})`);
  }

  private async launch(program: ProgramName, replica: number, env: Readonly<Record<string, string>>): Promise<void> {
    const all = { TIME_SCALE: String(this.timeScale), ...env, ...this.options.env?.[program] };
    this.replicas.set(`${program}#${replica}`, { program, env: all, process: undefined });
    await this.startProgram(program, replica);
  }

  private serviceEnv(service: ServiceName, replica: number): Record<string, string> {
    return {
      HTTP_PORT: String(this.port(`${service}.http`, replica)),
      RPC_PORT: String(this.port(`${service}.rpc`, replica)),
      DATABASE_URL: this.databaseUrl(service),
      NAMESRV_ADDR: this.namesrvAddr,
      DEMO_DATA: 'true',
      TOKEN_SECRET,
      CALLBACK_SECRETS: CALLBACK_SECRET,
      MERCHANT_ID: 'rocketshop',
      PROVIDER_URL: this.url('pay-provider'),
      CALLBACK_URL: `${this.url('pay')}/payments/callback`,
      ORDER_RPC: this.rpcAddresses('order'),
      STOCK_RPC: this.rpcAddresses('stock'),
      COUPON_RPC: this.rpcAddresses('coupon'),
      USER_RPC: this.rpcAddresses('user'),
      PAY_RPC: this.rpcAddresses('pay'),
      ...(this.redis ? { REDIS_URL: this.redis.url } : {}),
    };
  }

  private rpcAddresses(service: ServiceName): string {
    const proxy = this.proxies.get(service);
    if (proxy) return `127.0.0.1:${proxy.port}`;
    const replicas = Array.from({ length: this.replicaCount }, (_, replica) => this.port(`${service}.rpc`, replica));
    return replicas.map((port) => `127.0.0.1:${port}`).join(',');
  }

  private replica(program: ProgramName, replica: number): Replica {
    const found = this.replicas.get(`${program}#${replica}`);
    if (!found) throw new Error(`${program}, replica ${replica}, is not part of this system`);
    return found;
  }
}
