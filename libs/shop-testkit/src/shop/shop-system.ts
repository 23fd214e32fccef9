import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultProxy } from '../faults/fault-proxy.js';
import type { ProviderEndpoint } from '../invariants/provider-records.js';
import type { DatabaseUrls } from '../invariants/shop-records.js';
import { startPostgresServer } from '../servers/postgres.js';
import type { PostgresServer } from '../servers/postgres.js';
import { spawnService } from '../servers/processes.js';
import type { SpawnedService } from '../servers/processes.js';
import { createServiceDatabase, serviceDatabase } from '../servers/service-database.js';
import type { ServiceDatabase } from '../servers/service-database.js';
import { startRedisServer } from '../servers/redis.js';
import type { RedisServer } from '../servers/redis.js';
import { SERVICES } from './programs.js';
import type { ProgramName, ServiceName } from './programs.js';
import type { ShopUrls } from './shop-client.js';
import { MERCHANT_KEY, providerEnvironment, serviceEnvironment } from './shop-environment.js';
import type { Environment } from './shop-environment.js';
import { GATED_BROKER_IP, ShopGates } from './shop-gates.js';
import type { GateName } from './shop-gates.js';
import { ShopPorts } from './shop-ports.js';
import type { ShopSystemOptions } from './shop-system-options.js';
import type { PortName } from './shop-ports.js';
import { startTogether } from './start-together.js';

interface Replica {
  readonly program: ProgramName;
  readonly env: Environment;
  process: SpawnedService | undefined;
}

/** A program is stopped before the programs that it needs. */
const STOP_ORDER: readonly (readonly ProgramName[])[] = [SERVICES, ['pay-provider'], ['broker'], ['nameserver']];

const databaseOf = (service: ServiceName) => `shop_${service}`;

/** The whole shop as processes on this machine: PostgreSQL, Redis, name server, broker, five services, payment provider. */
export class ShopSystem {
  private readonly replicas = new Map<string, Replica>();
  private readonly proxies = new Map<ServiceName, FaultProxy>();
  private readonly gates = new ShopGates();
  private postgres: PostgresServer | undefined;
  private redis: RedisServer | undefined;
  private ports = new ShopPorts();
  private isStarting = true;
  private dataDir = '';
  private postgresDir = '';

  /** Aborted when a part did not start, so that the others need not be waited for. */
  private readonly givenUp = new AbortController();

  private constructor(private readonly options: ShopSystemOptions) {
    options.signal?.addEventListener('abort', () => this.givenUp.abort(options.signal?.reason));
    if (options.signal?.aborted) this.givenUp.abort(options.signal.reason);
  }

  /** The shop takes orders when the promise resolves. When it rejects, nothing is left running. */
  static async start(options: ShopSystemOptions = {}): Promise<ShopSystem> {
    const system = new ShopSystem(options);
    try {
      await system.startAll();
      system.isStarting = false;
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  /** Base URL of the HTTP interface of a replica. */
  url(service: ServiceName | 'pay-provider', replica = 0): string {
    return `http://127.0.0.1:${this.port(`${service}.http`, replica)}`;
  }

  /** Base URL of the internal port of a replica: `/health/ready`, `/metrics`, and `/docs` where there is an HTTP interface. */
  internalUrl(program: ProgramName, replica = 0): string {
    return `http://127.0.0.1:${this.port(`${program}.internal`, replica)}`;
  }

  get urls(): ShopUrls {
    return {
      order: this.url('order'),
      stock: this.url('stock'),
      coupon: this.url('coupon'),
      user: this.url('user'),
      pay: this.url('pay'),
      provider: this.url('pay-provider'),
    };
  }

  port(name: PortName, replica = 0): number {
    return this.ports.of(name, replica);
  }

  get namesrvAddr(): string {
    return this.options.namesrvAddr ?? `127.0.0.1:${this.port('nameserver')}`;
  }

  /** The folders with all that the programs write; `stop` removes them. */
  get folders(): readonly string[] {
    return [this.dataDir, this.postgresDir].filter((folder) => folder !== '');
  }

  get postgresPid(): number {
    return this.runningPostgres.pid;
  }

  get redisServer(): RedisServer | undefined {
    return this.redis;
  }

  get timeScale(): number {
    return this.options.timeScale ?? 60;
  }

  /** URL of a service's own database, for the service's own user. */
  databaseUrl(service: ServiceName): string {
    return this.database(service).url;
  }

  get databaseUrls(): DatabaseUrls {
    return Object.fromEntries(SERVICES.map((service) => [service, this.databaseUrl(service)])) as DatabaseUrls;
  }

  get providerEndpoint(): ProviderEndpoint {
    return { url: this.url('pay-provider'), merchantKey: MERCHANT_KEY };
  }

  /** The proxy before the RPC interface of a service that the options name as `proxied`. */
  proxy(service: ServiceName): FaultProxy {
    const proxy = this.proxies.get(service);
    if (!proxy) throw new Error(`${service} was not started behind a proxy`);
    return proxy;
  }

  /** The proxy before an interface, when the option `gates` is on. */
  gate(name: GateName): FaultProxy {
    return this.gates.of(name);
  }

  /** The URLs for a buyer that asks this replica first. With gates they lead through the gates. */
  buyerUrls(replica = 0): ShopUrls {
    const urls = SERVICES.map((service) => [service, this.gatedUrl(service, replica)]);
    return { ...this.urls, ...Object.fromEntries(urls) };
  }

  /** Redis ends and forgets everything. @returns starts it again on its port */
  async killRedis(): Promise<() => Promise<void>> {
    const { redis } = this;
    if (redis?.pid === undefined) return () => Promise.resolve();
    const port = Number(new URL(redis.url).port);
    await redis.stop();
    return async () => {
      this.redis = await startRedisServer({ port });
    };
  }

  process(program: ProgramName, replica = 0): SpawnedService {
    const { process } = this.replica(program, replica);
    if (!process) throw new Error(`${program} is not running`);
    return process;
  }

  /** Sends SIGKILL: the program crashes. */
  async killProgram(program: ProgramName, replica = 0): Promise<void> {
    const target = this.replica(program, replica);
    await target.process?.kill();
    target.process = undefined;
  }

  /** Starts a program again on its ports and its data. @param env more variables than the first time */
  async startProgram(program: ProgramName, replica = 0, env: Environment = {}): Promise<void> {
    const target = this.replica(program, replica);
    target.process = await spawnService({
      signal: this.isStarting ? this.givenUp.signal : undefined,
      logFile: this.options.logDir && join(this.options.logDir, `${program}${replica === 0 ? '' : `-${replica}`}.log`),
      program: `apps/${program}/dist/main.js`,
      env: { ...target.env, ...env },
      nodeArgs: this.options.nodeArgs?.[program],
      readyLine: / ready\b/,
      // Five services that start at the same time on a busy machine need more than the usual 20 s.
      readyTimeoutMs: 60_000,
    });
  }

  /** Stops a program cleanly and starts it with more variables. */
  async restartProgram(program: ProgramName, env: Environment): Promise<void> {
    await this.process(program).stop();
    await this.startProgram(program, 0, env);
  }

  /** PostgreSQL crashes with all its sessions. After `meanwhile` it recovers from its log on the same port. */
  crashPostgres(meanwhile?: () => Promise<void>): Promise<void> {
    return this.runningPostgres.crash(meanwhile);
  }

  /** Stops the services first, and then the servers that the services need. */
  async stop(): Promise<void> {
    for (const programs of STOP_ORDER) {
      const running = [...this.replicas.values()].filter(({ program }) => programs.includes(program));
      await Promise.all(running.map(async ({ process }) => process?.stop()));
    }
    this.replicas.clear();
    await Promise.all([...this.proxies.values()].map((proxy) => proxy.stop()));
    await this.gates.stop();
    await this.redis?.stop();
    await this.postgres?.stop('fast');
    for (const folder of this.folders) {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private get ownerUrls(): DatabaseUrls {
    return Object.fromEntries(SERVICES.map((service) => [service, this.database(service).ownerUrl])) as DatabaseUrls;
  }

  private database(service: ServiceName): ServiceDatabase {
    return serviceDatabase(this.runningPostgres, databaseOf(service));
  }

  private get replicaCount(): number {
    return this.options.replicas ?? 1;
  }

  private get runningPostgres(): PostgresServer {
    if (!this.postgres) throw new Error('PostgreSQL is not running');
    return this.postgres;
  }

  private async startAll(): Promise<void> {
    const progress = this.options.onProgress ?? (() => undefined);
    this.dataDir = await mkdtemp(join(tmpdir(), 'rocketshop-'));
    // PostgreSQL may run as another user than this process, and that user must be able to enter the folder.
    this.postgresDir = await mkdtemp(join(tmpdir(), 'rocketshop-postgres-'));
    this.options.onFolders?.(this.folders);
    this.ports = await ShopPorts.choose(this.replicaCount, this.options.wellKnownPorts ?? false);
    for (const service of this.options.proxied ?? []) {
      this.proxies.set(service, await FaultProxy.start({ port: this.port(`${service}.rpc`) }));
    }
    const servers = [this.startDatabases(progress), this.startCache(progress), this.startMessaging(progress)];
    await startTogether(servers, this.givenUp);
    if (this.options.gates) await this.gates.openAll(this.gateTargets());
    await this.launch('pay-provider', 0, this.providerEnv());
    progress('payment provider');
    for (let replica = 0; replica < this.replicaCount; replica++) {
      const starts = SERVICES.map((service) => this.launch(service, replica, this.serviceEnv(service, replica)));
      await startTogether(starts, this.givenUp);
    }
    progress('order, stock, coupon, user, pay');
  }

  private async startDatabases(progress: (what: string) => void): Promise<void> {
    this.postgres = await this.launchPostgres();
    for (const service of SERVICES) {
      this.givenUp.signal.throwIfAborted();
      await createServiceDatabase(this.postgres, databaseOf(service));
    }
    await this.options.prepare?.(this.ownerUrls, this.urls);
    progress('PostgreSQL');
  }

  private launchPostgres(): Promise<PostgresServer> {
    return startPostgresServer({
      dataDir: this.postgresDir,
      binDir: this.options.postgresBinDir,
      maxConnections: 100 + 100 * this.replicaCount,
    });
  }

  private async startCache(progress: (what: string) => void): Promise<void> {
    if (this.options.redis === false) return;
    this.redis = await startRedisServer();
    progress(
      this.redis
        ? `Redis (${this.redis.origin})`
        : 'this machine has no Redis: PostgreSQL alone is slower and just as right',
    );
  }

  private async startMessaging(progress: (what: string) => void): Promise<void> {
    if (this.options.namesrvAddr !== undefined) return;
    const flushDiskType = this.options.flushDiskType ?? 'SYNC_FLUSH';
    await this.launch('nameserver', 0, {
      NAMESRV_LISTEN_PORT: String(this.port('nameserver')),
      INTERNAL_PORT: String(this.port('nameserver.internal')),
    });
    await this.launch('broker', 0, {
      BROKER_LISTEN_PORT: String(this.port('broker')),
      INTERNAL_PORT: String(this.port('broker.internal')),
      NAMESRV_ADDR: this.namesrvAddr,
      STORE_DIR: join(this.dataDir, 'broker'),
      FLUSH_DISK_TYPE: flushDiskType,
      ...(this.options.gates ? { BROKER_IP1: GATED_BROKER_IP } : {}),
    });
    progress(`name server and broker (${flushDiskType})`);
  }

  private async launch(program: ProgramName, replica: number, env: Environment): Promise<void> {
    const all = { TIME_SCALE: String(this.timeScale), ...env, ...this.options.env?.[program] };
    this.replicas.set(`${program}#${replica}`, { program, env: all, process: undefined });
    await this.startProgram(program, replica);
  }

  private providerEnv(): Environment {
    const ports = { http: this.port('pay-provider.http'), internal: this.port('pay-provider.internal') };
    return providerEnvironment(ports, join(this.dataDir, 'provider.jsonl'), this.gatedUrl('pay'));
  }

  private serviceEnv(service: ServiceName, replica: number): Environment {
    const rpcAddresses = SERVICES.map((name) => [name, this.rpcAddressesOf(name)]);
    const database = new URL(this.databaseUrl(service));
    database.port = String(this.gates.portOf(`${service}.database#${replica}`, Number(database.port)));
    const redis = this.redis && new URL(this.redis.url);
    if (redis) redis.port = String(this.gates.portOf('redis#0', Number(redis.port)));
    return serviceEnvironment({
      httpPort: this.port(`${service}.http`, replica),
      rpcPort: this.port(`${service}.rpc`, replica),
      internalPort: this.port(`${service}.internal`, replica),
      database: { ...this.database(service), url: database.href },
      namesrvAddr: this.namesrvAddr,
      redisUrl: redis?.href,
      payUrl: this.gatedUrl('pay'),
      providerUrl: this.gatedUrl('pay-provider'),
      rpcAddresses: Object.fromEntries(rpcAddresses) as Record<ServiceName, string>,
    });
  }

  private gatedUrl(service: ServiceName | 'pay-provider', replica = 0): string {
    return `http://127.0.0.1:${this.gates.portOf(`${service}.http#${replica}`, this.port(`${service}.http`, replica))}`;
  }

  private rpcAddressesOf(service: ServiceName): string {
    const proxy = this.proxies.get(service);
    if (proxy) return `127.0.0.1:${proxy.port}`;
    const ports = Array.from({ length: this.replicaCount }, (_, replica) =>
      this.gates.portOf(`${service}.rpc#${replica}`, this.port(`${service}.rpc`, replica)),
    );
    return ports.map((port) => `127.0.0.1:${port}`).join(',');
  }

  private gateTargets(): [GateName, number][] {
    const targets: [GateName, number][] = [['pay-provider.http#0', this.port('pay-provider.http')]];
    if (this.options.namesrvAddr === undefined) targets.push(['broker#0', this.port('broker')]);
    if (this.redis) targets.push(['redis#0', Number(new URL(this.redis.url).port)]);
    for (let replica = 0; replica < this.replicaCount; replica++) {
      for (const service of SERVICES) {
        targets.push([`${service}.http#${replica}`, this.port(`${service}.http`, replica)]);
        targets.push([`${service}.rpc#${replica}`, this.port(`${service}.rpc`, replica)]);
        targets.push([`${service}.database#${replica}`, this.runningPostgres.port]);
      }
    }
    return targets;
  }

  private replica(program: ProgramName, replica: number): Replica {
    const found = this.replicas.get(`${program}#${replica}`);
    if (!found) throw new Error(`${program}, replica ${replica}, is not part of this system`);
    return found;
  }
}
