import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import { startBroker } from '@rocketshop/mq-broker';
import type { BrokerHandle } from '@rocketshop/mq-broker';
import { AdminClient } from '@rocketshop/mq-client';
import { RocketmqServer } from '@rocketshop/mq-nest';
import { PayProviderModule, loadPayProviderConfig } from '@rocketshop/pay-provider';
import { BuyerTokens, createService, Secret } from '@rocketshop/service-defaults';
import type { Service } from '@rocketshop/service-defaults';
import type { Pool } from 'pg';
import { pino } from 'pino';
import { FaultProxy } from '../faults/fault-proxy.js';
import type { ProviderEndpoint } from '../invariants/provider-records.js';
import type { DatabaseUrls } from '../invariants/shop-records.js';
import { freePort } from '../servers/free-port.js';
import { serviceDatabase } from '../servers/service-database.js';
import type { ServiceDatabase } from '../servers/service-database.js';
import { createPool, startPostgres } from '../servers/test-postgres.js';
import type { TestPostgres } from '../servers/test-postgres.js';
import { MODULES } from './in-process-modules.js';
import { ShopClient } from './shop-client.js';
import type { ShopUrls } from './shop-client.js';
import { SERVICES } from './programs.js';
import type { ServiceName } from './programs.js';

/** Signs the buyer tokens. */
const TOKEN_SECRET = new Secret('a-secret-of-these-stories-and-no-others');
/** Signs the calls and messages between the services. */
const SERVICE_SECRETS = 'story:a-service-secret-of-these-stories-only';
/** The provider signs its callbacks with it. */
export const CALLBACK_SECRET = 'callback-secret-of-these-stories';
/** The provider asks for it. */
export const MERCHANT_KEY = 'merchant-key-of-these-stories';
/** Divides delays. The 30 minutes to pay become 18 s, which is long enough that no timer interferes with a story. */
const TIME_SCALE = 100;
const logger = pino({ level: 'silent' });
/** Created before the services subscribe. Otherwise a consumer would find a new topic only at its next look at the routes. */
const TOPICS = ['order-cancelled', 'order-compensated', 'abandon-order', 'close-unpaid-order', 'payment-succeeded'];

export interface InProcessShopOptions {
  /** Services that do not consume: the story gives them their messages itself. */
  readonly withoutConsumers?: readonly ServiceName[];
  /** More variables for one service. */
  readonly env?: Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
}

/**
 * All five services, the payment provider and a broker in the process of the story, and a PostgreSQL. A story can call a part
 * of a service: give it a message, run its sweeper, stop it at a row that the story has locked. A {@link FaultProxy} stands
 * before each RPC interface and each database. A story about crashes needs {@link ShopSystem}: only a process can be killed.
 */
export class InProcessShop {
  readonly rpcProxies = {} as Record<ServiceName, FaultProxy>;
  readonly databaseProxies = {} as Record<ServiceName, FaultProxy>;
  /** They connect as superuser, since a story may do what no service may. */
  readonly pools = {} as Record<ServiceName, Pool>;
  private readonly services = new Map<string, Service>();
  private readonly rpcPorts = {} as Record<ServiceName, number>;
  private readonly databases = {} as Record<ServiceName, ServiceDatabase>;
  private readonly payPort: Promise<number> = freePort();
  private provider: Service | undefined;
  private providerPort = 0;
  private providerGate: FaultProxy | undefined;

  private constructor(
    private readonly options: InProcessShopOptions,
    private readonly postgres: TestPostgres,
    private readonly broker: BrokerHandle,
    private readonly folder: string,
  ) {}

  static async start(options: InProcessShopOptions = {}): Promise<InProcessShop> {
    const [postgres, broker, folder] = await Promise.all([
      startPostgres(),
      startBroker({ timeScale: TIME_SCALE }),
      mkdtemp(join(tmpdir(), 'rocketshop-in-process-')),
    ]);
    const shop = new InProcessShop(options, postgres, broker, folder);
    try {
      await shop.startAll();
      return shop;
    } catch (error) {
      await shop.stop();
      throw error;
    }
  }

  get urls(): ShopUrls {
    return {
      order: this.urlOf('order'),
      stock: this.urlOf('stock'),
      coupon: this.urlOf('coupon'),
      user: this.urlOf('user'),
      pay: this.urlOf('pay'),
      provider: `http://127.0.0.1:${this.providerPort}`,
    };
  }

  get namesrvAddr(): string {
    return this.broker.namesrvAddr;
  }

  get databaseUrls(): DatabaseUrls {
    return Object.fromEntries(SERVICES.map((name) => [name, this.databases[name].url])) as DatabaseUrls;
  }

  get providerEndpoint(): ProviderEndpoint {
    return { url: this.urls.provider, merchantKey: MERCHANT_KEY };
  }

  /** @param urls replace the URLs of the first replicas */
  buyer(userId = 'ada', lifetimeMs?: number, urls: Partial<ShopUrls> = {}): ShopClient {
    const token = new BuyerTokens(TOKEN_SECRET).sign(userId, lifetimeMs);
    return ShopClient.withToken({ ...this.urls, ...urls }, userId, token);
  }

  /** The proxy between pay and the provider. The provider's callbacks do not pass it. */
  get providerProxy(): FaultProxy {
    if (!this.providerGate) throw new Error('the provider has not been started');
    return this.providerGate;
  }

  /** A provider of a running service, by its class, so that the story can call it. */
  part<T>(name: ServiceName, type: Type<T>, replica = 0): T {
    return this.service(name, replica).app.get(type, { strict: false });
  }

  /** Runs `sql` in a service's database. @returns its rows */
  async rows<T>(name: ServiceName, sql: string, values: readonly unknown[] = []): Promise<T[]> {
    return (await this.pools[name].query(sql, [...values])).rows as T[];
  }

  /** PostgreSQL crashes with all sessions of all services. After `meanwhile` it is back. */
  crashPostgres(meanwhile?: () => Promise<void>): Promise<void> {
    return this.postgres.server.crash(meanwhile);
  }

  /** Creates an empty database that is not part of this shop. @returns its URL */
  createDatabase(): Promise<string> {
    return this.postgres.createDatabase();
  }

  /** Starts one more replica on the same database. It consumes no messages. @returns its number */
  async startReplica(name: ServiceName, env: Readonly<Record<string, string>> = {}): Promise<number> {
    const replica = [...this.services.keys()].filter((key) => key.startsWith(`${name}#`)).length;
    await this.startService(name, replica, { HTTP_PORT: '0', RPC_PORT: '0', ...env });
    return replica;
  }

  urlOf(name: ServiceName, replica = 0): string {
    return this.service(name, replica).httpUrl;
  }

  /** Base URL of the internal port: `/health/ready`, `/metrics`, `/docs`. */
  internalUrlOf(name: ServiceName, replica = 0): string {
    return this.service(name, replica).internalUrl;
  }

  /** {@link startProvider} starts it again, on the same port and with the same data. */
  async stopProvider(): Promise<void> {
    await this.provider?.close();
    this.provider = undefined;
  }

  async startProvider(): Promise<void> {
    this.providerPort ||= await freePort();
    this.providerGate ??= await FaultProxy.start({ port: this.providerPort });
    const config = loadPayProviderConfig({
      HTTP_PORT: String(this.providerPort),
      INTERNAL_PORT: '0',
      DRAIN_MS: '0',
      DATA_FILE: join(this.folder, 'provider.jsonl'),
      DEMO_DATA: 'true',
      CALLBACK_SECRETS: CALLBACK_SECRET,
      MERCHANT_KEY,
      CALLBACK_ALLOW: `http://127.0.0.1:${await this.payPort}`,
      // Buyers reach the provider without the proxy, so that a fault between pay and the provider does not stop them.
      PUBLIC_URL: `http://127.0.0.1:${this.providerPort}`,
      TIME_SCALE: String(TIME_SCALE),
    });
    this.provider = await createService({
      name: 'pay-provider',
      config,
      module: PayProviderModule.forRoot(config),
      logger,
    });
  }

  /** Ends the faults of all proxies. Call it in `afterEach`. */
  heal(): void {
    for (const proxy of this.proxies()) proxy.heal();
  }

  async stop(): Promise<void> {
    this.heal();
    await Promise.all([...this.services.values()].map((service) => service.close()));
    await this.provider?.close();
    await Promise.all(Object.values(this.pools).map((pool) => pool.end()));
    await Promise.all(this.proxies().map((proxy) => proxy.stop()));
    await this.broker.close();
    await this.postgres.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private proxies(): FaultProxy[] {
    const all = [...Object.values(this.rpcProxies), ...Object.values(this.databaseProxies)];
    return this.providerGate ? [...all, this.providerGate] : all;
  }

  private async startAll(): Promise<void> {
    await this.createTopics();
    for (const name of SERVICES) await this.prepare(name);
    await this.startProvider();
    await Promise.all(SERVICES.map((name) => this.startService(name, 0, {})));
  }

  private async createTopics(): Promise<void> {
    const admin = new AdminClient({ namesrvAddr: this.broker.namesrvAddr });
    await admin.start();
    try {
      for (const topic of TOPICS) await admin.createTopic(topic);
    } finally {
      await admin.shutdown();
    }
  }

  private async prepare(name: ServiceName): Promise<void> {
    const { server } = this.postgres;
    const database = await this.postgres.createServiceDatabase();
    this.databases[name] = serviceDatabase(server, database);
    this.pools[name] = createPool(server.url(database), { max: 8 });
    this.databaseProxies[name] = await FaultProxy.start({ port: this.postgres.server.port });
    this.rpcPorts[name] = await freePort();
    this.rpcProxies[name] = await FaultProxy.start({ port: this.rpcPorts[name] });
  }

  private async startService(name: ServiceName, replica: number, env: Readonly<Record<string, string>>): Promise<void> {
    const environment = { ...(await this.environment(name)), ...this.options.env?.[name], ...env };
    const isConsuming = replica === 0 && !this.options.withoutConsumers?.includes(name);
    const service = await createService({
      name,
      logger,
      ...MODULES[name](environment),
      rawBody: name === 'pay',
      ...(isConsuming ? { transports: (app) => [app.get(RocketmqServer)] } : {}),
    });
    this.services.set(`${name}#${replica}`, service);
  }

  private async environment(name: ServiceName): Promise<Record<string, string>> {
    const database = new URL(this.databases[name].url);
    database.port = String(this.databaseProxies[name].port);
    const rpc = Object.entries(this.rpcProxies).map(([service, { port }]) => [
      `${service.toUpperCase()}_RPC`,
      `127.0.0.1:${port}`,
    ]);
    return {
      ...Object.fromEntries(rpc),
      HTTP_PORT: name === 'pay' ? String(await this.payPort) : '0',
      RPC_PORT: String(this.rpcPorts[name]),
      INTERNAL_PORT: '0',
      DRAIN_MS: '0',
      DATABASE_URL: database.href,
      MIGRATION_DATABASE_URL: this.databases[name].ownerUrl,
      NAMESRV_ADDR: this.broker.namesrvAddr,
      // The sweeper runs only when a story calls it, so that it does not join a race.
      SWEEP_INTERVAL_MS: '100000000',
      // So does the question about a charge that the buyer may still pay. A closed payment's charge is made void at once.
      CHARGE_FIRST_POLL_MS: '100000000',
      CHARGE_LONGEST_POLL_MS: '100000000',
      LAST_LOOK_MS: '100000000',
      CANCEL_RETRY_MS: '100000000',
      // A story that holds a lock decides itself how long the requests at that lock wait.
      BATCH_LOCK_TIMEOUT_MS: '14000',
      TIME_SCALE: String(TIME_SCALE),
      DEMO_DATA: 'true',
      TOKEN_SECRET: TOKEN_SECRET.reveal(),
      SERVICE_SECRETS,
      CALLBACK_SECRETS: CALLBACK_SECRET,
      MERCHANT_KEY,
      CALLBACK_URL: `http://127.0.0.1:${await this.payPort}/payments/callback`,
      PROVIDER_URL: `http://127.0.0.1:${this.providerProxy.port}`,
    };
  }

  private service(name: ServiceName, replica = 0): Service {
    const service = this.services.get(`${name}#${replica}`);
    if (!service) throw new Error(`${name} has no replica ${replica}`);
    return service;
  }
}
