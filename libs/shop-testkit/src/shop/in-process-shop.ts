import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import * as coupon from '@rocketshop/coupon';
import { startBroker, type BrokerHandle } from '@rocketshop/mq-broker';
import { AdminClient } from '@rocketshop/mq-client';
import { RocketmqServer } from '@rocketshop/mq-nest';
import * as order from '@rocketshop/order';
import * as pay from '@rocketshop/pay';
import { AppModule as ProviderModule, loadPayProviderConfig } from '@rocketshop/pay-provider';
import { BuyerTokens, createService, Secret, type Service, type ServiceOptions } from '@rocketshop/service-defaults';
import * as stock from '@rocketshop/stock';
import * as user from '@rocketshop/user';
import type { Pool } from 'pg';
import { pino } from 'pino';
import { FaultProxy } from '../faults/fault-proxy.js';
import type { DatabaseUrls } from '../invariants/shop-records.js';
import { freePort } from '../servers/free-port.js';
import { createPool, startPostgres, type TestPostgres } from '../servers/scratch-postgres.js';
import { ShopClient, type ShopUrls } from './shop-client.js';
import { SERVICES, type ServiceName } from './shop-system.js';

/** What buyer tokens are signed with in these stories. */
const TOKEN_SECRET = new Secret('a-secret-of-these-stories-and-no-others');
/** What the provider signs its callbacks with. */
export const CALLBACK_SECRET = 'callback-secret-of-these-stories';
const logger = pino({ level: 'silent' });
/** Made before anybody subscribes, so that nobody waits for his next look at the routes. */
const TOPICS = [
  'order-confirmed',
  'order-cancelled',
  'order-compensated',
  'abandon-order',
  'close-unpaid-order',
  'payment-succeeded',
];

export interface InProcessShopOptions {
  /** Divides delays: 30 minutes to pay are 18 s at 100, long enough that no timer interferes unasked. @default 100 */
  readonly timeScale?: number;
  /** Services that do not consume, since the story hands them their messages itself. */
  readonly withoutConsumers?: readonly ServiceName[];
  /** More variables for one service. */
  readonly env?: Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
}

/**
 * All five services, the provider, a broker and PostgreSQL, in the process of the story, so that a story can reach into a
 * service: hand it a message, run its sweeper, stop it at a row that the story has locked. Each RPC interface and each
 * service's database is reached through a {@link FaultProxy}. Crashes are for stories on processes: a kill takes no
 * part of a process.
 */
export class InProcessShop {
  readonly rpcProxies = {} as Record<ServiceName, FaultProxy>;
  readonly databaseProxies = {} as Record<ServiceName, FaultProxy>;
  readonly pools = {} as Record<ServiceName, Pool>;
  private readonly services = new Map<string, Service>();
  private readonly rpcPorts = {} as Record<ServiceName, number>;
  private readonly directUrls = {} as Record<ServiceName, string>;
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
    const timeScale = options.timeScale ?? 100;
    const [postgres, broker, folder] = await Promise.all([
      startPostgres(),
      startBroker({ timeScale }),
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
    const [orderUrl, stockUrl, couponUrl, userUrl, payUrl] = SERVICES.map((name) => this.service(name).httpUrl) as [
      string,
      string,
      string,
      string,
      string,
    ];
    const provider = `http://127.0.0.1:${this.providerPort}`;
    return { order: orderUrl, stock: stockUrl, coupon: couponUrl, user: userUrl, pay: payUrl, provider };
  }

  get databaseUrls(): DatabaseUrls {
    return this.directUrls;
  }

  /** @param urls where he does not go to the first replicas */
  buyer(userId = 'ada', lifetimeMs?: number, urls: Partial<ShopUrls> = {}): ShopClient {
    const token = new BuyerTokens(TOKEN_SECRET).sign(userId, lifetimeMs);
    return ShopClient.withToken({ ...this.urls, ...urls }, userId, token);
  }

  /** Between pay and the provider; the provider's callbacks do not come this way. */
  get providerProxy(): FaultProxy {
    if (!this.providerGate) throw new Error('the provider has not been started');
    return this.providerGate;
  }

  /** A part of a running service, to be called directly. */
  part<T>(name: ServiceName, type: Type<T>, replica = 0): T {
    return this.service(name, replica).app.get(type, { strict: false });
  }

  /** Rows that `sql` selects from a service's database. */
  async rows<T>(name: ServiceName, sql: string, values: readonly unknown[] = []): Promise<T[]> {
    return (await this.pools[name].query(sql, [...values])).rows as T[];
  }

  /** An empty database beside the shop's own, for a shop of somebody else. */
  createDatabase(): Promise<string> {
    return this.postgres.createDatabase();
  }

  /** Another replica on the same database, with more variables where given. It consumes nothing. @returns its number */
  async startReplica(name: ServiceName, env: Readonly<Record<string, string>> = {}): Promise<number> {
    const replica = [...this.services.keys()].filter((key) => key.startsWith(`${name}#`)).length;
    await this.startService(name, replica, { HTTP_PORT: '0', RPC_PORT: '0', ...env });
    return replica;
  }

  urlOf(name: ServiceName, replica = 0): string {
    return this.service(name, replica).httpUrl;
  }

  /** The provider goes away, and comes back on its port with what it knew. */
  async stopProvider(): Promise<void> {
    await this.provider?.close();
    this.provider = undefined;
  }

  async startProvider(): Promise<void> {
    this.providerPort ||= await freePort();
    this.providerGate ??= await FaultProxy.start({ port: this.providerPort });
    const config = loadPayProviderConfig({
      HTTP_PORT: String(this.providerPort),
      DATA_FILE: join(this.folder, 'provider.jsonl'),
      CALLBACK_SECRETS: CALLBACK_SECRET,
      // Buyers go to the provider itself, whatever a story does to the way that pay takes.
      PUBLIC_URL: `http://127.0.0.1:${this.providerPort}`,
      TIME_SCALE: '100',
    });
    this.provider = await createService({
      name: 'pay-provider',
      config,
      module: ProviderModule.forRoot(config),
      logger,
    });
  }

  /** For `afterEach`: whatever a story did to the wires is undone. */
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
    const direct = await this.postgres.createDatabase();
    this.directUrls[name] = direct;
    this.pools[name] = createPool(direct, { max: 8 });
    this.databaseProxies[name] = await FaultProxy.start({ port: this.postgres.server.port });
    this.rpcPorts[name] = await freePort();
    this.rpcProxies[name] = await FaultProxy.start({ port: this.rpcPorts[name] });
  }

  private async startService(name: ServiceName, replica: number, env: Readonly<Record<string, string>>): Promise<void> {
    const environment = { ...(await this.environment(name)), ...this.options.env?.[name], ...env };
    const isListening = replica === 0 && !this.options.withoutConsumers?.includes(name);
    const service = await createService({
      name,
      logger,
      ...modules[name](environment),
      rawBody: name === 'pay',
      ...(isListening ? { transports: (app) => [app.get(RocketmqServer)] } : {}),
    });
    this.services.set(`${name}#${replica}`, service);
  }

  private async environment(name: ServiceName): Promise<Record<string, string>> {
    const database = new URL(this.directUrls[name]);
    database.port = String(this.databaseProxies[name].port);
    const rpc = Object.entries(this.rpcProxies).map(([service, { port }]) => [
      `${service.toUpperCase()}_RPC`,
      `127.0.0.1:${port}`,
    ]);
    return {
      ...Object.fromEntries(rpc),
      HTTP_PORT: name === 'pay' ? String(await this.payPort) : '0',
      RPC_PORT: String(this.rpcPorts[name]),
      DATABASE_URL: database.href,
      NAMESRV_ADDR: this.broker.namesrvAddr,
      // The sweeper sweeps when a story says so, and does not join a race unasked.
      SWEEP_INTERVAL_MS: '100000000',
      TIME_SCALE: String(this.options.timeScale ?? 100),
      DEMO_DATA: 'true',
      TOKEN_SECRET: TOKEN_SECRET.reveal(),
      CALLBACK_SECRETS: CALLBACK_SECRET,
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

type Environment = Readonly<Record<string, string>>;
type Loaded = Pick<ServiceOptions, 'config' | 'module'>;

function load<C extends ServiceOptions['config']>(config: C, module: (config: C) => ServiceOptions['module']): Loaded {
  return { config, module: module(config) };
}

const modules: Readonly<Record<ServiceName, (environment: Environment) => Loaded>> = {
  order: (environment) => load(order.loadOrderConfig(environment), (config) => order.OrderModule.forRoot(config)),
  stock: (environment) => load(stock.loadStockConfig(environment), (config) => stock.StockModule.forRoot(config)),
  coupon: (environment) => load(coupon.loadCouponConfig(environment), (config) => coupon.CouponModule.forRoot(config)),
  user: (environment) => load(user.loadUserConfig(environment), (config) => user.UserModule.forRoot(config)),
  pay: (environment) => load(pay.loadPayConfig(environment), (config) => pay.PayModule.forRoot(config)),
};
