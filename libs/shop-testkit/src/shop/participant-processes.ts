import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orderCompensated } from '@rocketshop/contracts';
import type { orderCancelled, PayloadOf } from '@rocketshop/contracts';
import { PushConsumer } from '@rocketshop/mq-client';
import { RocketmqPublisher } from '@rocketshop/mq-nest';
import { BuyerTokens, RpcClient, Secret } from '@rocketshop/service-defaults';
import type { CallAnswer, CallData, RemoteCommand } from '@rocketshop/service-defaults';
import pg from 'pg';
import { freePort } from '../servers/free-port.js';
import { createPool } from '../servers/test-postgres.js';
import { spawnService, stopSpawnedServices } from '../servers/processes.js';
import type { SpawnedService } from '../servers/processes.js';
import { startPostgresServer } from '../servers/postgres.js';
import type { PostgresServer } from '../servers/postgres.js';
import { createServiceDatabase, serviceDatabase } from '../servers/service-database.js';
import { PARTICIPANT_NAMES } from './participants.js';
import type { ParticipantName } from './participants.js';

const TOKEN_SECRET = 'a-secret-of-these-stories-and-no-others';
const SERVICE_KEY = { id: 'story', secret: 'a-service-secret-of-these-stories-only' };
const SERVICE_SECRETS = `${SERVICE_KEY.id}:${SERVICE_KEY.secret}`;
/** Divides the broker's retry delays and every business delay: the first retry comes after 100 ms. */
const TIME_SCALE = 100;

export interface Replica {
  readonly process: SpawnedService;
  readonly http: string;
  readonly internal: string;
  readonly rpc: RpcClient;
}

/**
 * Stock, coupon and user as processes, two replicas each, on a real PostgreSQL and our broker. The test takes the place of the
 * order service: it calls the participants, publishes the cancel and collects the answers.
 */
export class ParticipantProcesses {
  readonly replicas: Record<ParticipantName, Replica[]> = { stock: [], coupon: [], user: [] };
  /** Every message that came on the topic order-compensated. */
  readonly answers: PayloadOf<typeof orderCompensated>[] = [];
  private readonly pools = new Map<ParticipantName, pg.Pool>();
  private readonly consumer: PushConsumer;
  private readonly publisher: RocketmqPublisher;

  private constructor(
    private postgres: PostgresServer,
    private readonly folders: { readonly postgres: string; readonly broker: string },
    private readonly namesrvAddr: string,
  ) {
    const authentication = { keys: [SERVICE_KEY], sender: 'order' };
    this.publisher = new RocketmqPublisher({ namesrvAddr, producerGroup: 'story', authentication });
    this.consumer = new PushConsumer({
      namesrvAddr,
      consumerGroup: 'story',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    });
  }

  static async start(): Promise<ParticipantProcesses> {
    const folders = {
      postgres: await mkdtemp(join(tmpdir(), 'rocketshop-postgres-')),
      broker: await mkdtemp(join(tmpdir(), 'rocketshop-broker-')),
    };
    const postgres = await startDatabase(folders.postgres);
    try {
      const namesrvAddr = await startMessaging(folders.broker);
      const processes = new ParticipantProcesses(postgres, folders, namesrvAddr);
      await Promise.all(PARTICIPANT_NAMES.map((name) => processes.prepareDatabase(name)));
      // Both replicas of a service start at the same time: migrations and seed must allow that.
      await Promise.all([...PARTICIPANT_NAMES, ...PARTICIPANT_NAMES].map((name) => processes.startReplica(name)));
      await processes.listen();
      return processes;
    } catch (error) {
      await stopSpawnedServices();
      await postgres.stop('immediate');
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.consumer.shutdown(), this.publisher.close()]);
    for (const replica of Object.values(this.replicas).flat()) replica.rpc.close();
    await Promise.all([...this.pools.values()].map((pool) => pool.end()));
    await stopSpawnedServices();
    await this.postgres.stop('immediate');
    for (const folder of Object.values(this.folders)) await rm(folder, { recursive: true, force: true });
  }

  async startReplica(name: ParticipantName, env: Readonly<Record<string, string>> = {}): Promise<Replica> {
    const database = serviceDatabase(this.postgres, name);
    const process = await spawnService({
      program: `apps/${name}/dist/main.js`,
      readyTimeoutMs: 60_000,
      env: {
        HTTP_PORT: '0',
        RPC_PORT: '0',
        INTERNAL_PORT: '0',
        DRAIN_MS: '0',
        DATABASE_URL: database.url,
        MIGRATION_DATABASE_URL: database.ownerUrl,
        NAMESRV_ADDR: this.namesrvAddr,
        TIME_SCALE: String(TIME_SCALE),
        DEMO_DATA: 'true',
        TOKEN_SECRET,
        SERVICE_SECRETS,
        ...env,
      },
    });
    const rpc = new RpcClient(
      name,
      { host: '127.0.0.1', port: Number(process.ready['rpc']) },
      { name: 'order', secrets: [{ id: SERVICE_KEY.id, secret: new Secret(SERVICE_KEY.secret) }] },
    );
    const replica = { process, http: String(process.ready['http']), internal: String(process.ready['internal']), rpc };
    this.replicas[name].push(replica);
    return replica;
  }

  /** Calls one replica. */
  call<C extends RemoteCommand>(
    name: ParticipantName,
    command: C,
    data: CallData<C>,
    replica = 0,
  ): Promise<CallAnswer<C>> {
    const target = this.replicas[name][replica];
    if (!target) throw new Error(`${name} has no replica ${replica}`);
    return target.rpc.call(command, data, { timeoutMs: 5_000 });
  }

  async publish(topic: string, payload: PayloadOf<typeof orderCancelled>): Promise<void> {
    await this.publisher.publish({ topic, key: payload.orderId, payload });
  }

  /** The different answers for an order, such as `stock RESTORED`. A participant sends each answer at least once. */
  answersTo(orderId: string): Set<string> {
    const answers = this.answers.filter((answer) => answer.orderId === orderId);
    return new Set(answers.map((answer) => `${answer.participant} ${answer.outcome}`));
  }

  /** The number of answers for an order, with repeated ones. */
  countAnswersTo(orderId: string): number {
    return this.answers.filter((answer) => answer.orderId === orderId).length;
  }

  /** Reads the only number that `sql` selects from a participant's database. */
  async readNumber(name: ParticipantName, sql: string): Promise<number> {
    const { rows } = await this.poolOf(name).query<Record<string, unknown>>(sql);
    return Number(Object.values(rows[0] ?? {})[0]);
  }

  get(name: ParticipantName, path: string, buyer?: string): Promise<Response> {
    const token = buyer && new BuyerTokens(new Secret(TOKEN_SECRET)).sign(buyer);
    return fetch(
      `${this.replicas[name][0]?.http}${path}`,
      token ? { headers: { authorization: `Bearer ${token}` } } : {},
    );
  }

  getInternal(name: ParticipantName, path: string): Promise<Response> {
    return fetch(`${this.replicas[name][0]?.internal}${path}`);
  }

  post(name: ParticipantName, path: string, body: unknown, replica = 0): Promise<Response> {
    return fetch(`${this.replicas[name][replica]?.http}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  /** PostgreSQL crashes. After `meanwhile` it starts again on the same port with the same data. */
  async whileDatabaseIsDown(meanwhile: () => Promise<void>): Promise<void> {
    const { port } = this.postgres;
    await this.postgres.stop('immediate');
    await meanwhile();
    this.postgres = await startDatabase(this.folders.postgres, port);
  }

  private poolOf(name: ParticipantName): pg.Pool {
    const pool = this.pools.get(name) ?? createPool(this.postgres.url(name), { max: 2 });
    this.pools.set(name, pool);
    return pool;
  }

  private async prepareDatabase(name: ParticipantName): Promise<void> {
    await createServiceDatabase(this.postgres, name);
  }

  private async listen(): Promise<void> {
    this.consumer.subscribe(orderCompensated.topic);
    this.consumer.registerMessageListener(async (messages) => {
      for (const { body } of messages) this.answers.push(orderCompensated.schema.parse(JSON.parse(body.toString())));
    });
    await Promise.all([this.publisher.connect(), this.consumer.start()]);
  }
}

/** PostgreSQL runs with fsync: committed rows must still be there after the crash. */
const startDatabase = (folder: string, port?: number): Promise<PostgresServer> =>
  startPostgresServer({ dataDir: folder, ...(port === undefined ? {} : { port }) });

async function startMessaging(folder: string): Promise<string> {
  const port = await freePort();
  const namesrvAddr = `127.0.0.1:${port}`;
  const env = { TIME_SCALE: String(TIME_SCALE) };
  await spawnService({
    program: 'apps/nameserver/dist/main.js',
    env: { NAMESRV_LISTEN_PORT: String(port) },
    readyLine: / ready\b/,
  });
  await spawnService({
    program: 'apps/broker/dist/main.js',
    env: { ...env, BROKER_LISTEN_PORT: '0', NAMESRV_ADDR: namesrvAddr, STORE_DIR: folder },
    readyLine: / ready\b/,
  });
  return namesrvAddr;
}
