import { createOutboxLeases, createOutboxTable, OutboxRelay, writeOutbox } from '@rocketshop/outbox';
import type { OutboxMessage, OutboxPublisher, OutboxRelayOptions } from '@rocketshop/outbox';
import type { Pool } from 'pg';
import { createPool, startPostgres } from '@rocketshop/shop-testkit';
import type { TestPostgres } from '@rocketshop/shop-testkit';

/** Short intervals, so that a test does not wait for them. */
const quick = { pollIntervalMs: 25, rebalanceIntervalMs: 50, backoffInitialMs: 20, backoffMaxMs: 200 } as const;

async function migrate(url: string): Promise<void> {
  const migrating = createPool(url);
  await createOutboxTable(migrating);
  await createOutboxLeases(migrating);
  await migrating.end();
}

/** A broker that records messages in order. With `before` a test makes it fail or wait. */
export class RecordingBroker implements OutboxPublisher {
  readonly messages: OutboxMessage[] = [];
  before: (message: OutboxMessage) => Promise<void> | void = () => undefined;

  async publish(message: OutboxMessage): Promise<void> {
    await this.before(message);
    this.messages.push(message);
  }

  payloadsOf(key: string): unknown[] {
    return this.messages.filter((message) => message.key === key).map((message) => message.payload);
  }
}

/** A PostgreSQL for one test file. Each test has an empty outbox, and starts relays. */
export class OutboxRelays {
  private databaseUrl = '';
  private pools: Pool[] = [];
  private relays: OutboxRelay[] = [];

  private constructor(private readonly postgres: TestPostgres) {}

  static async start(): Promise<OutboxRelays> {
    return new OutboxRelays(await startPostgres());
  }

  stop(): Promise<void> {
    return this.postgres.stop();
  }

  /** Before each test: creates an empty outbox and a pool for writers. */
  async openDatabase(): Promise<void> {
    this.databaseUrl = await this.postgres.createDatabaseFrom('outbox', migrate);
    this.openPool({ max: 20 });
  }

  /** After each test: stops the relays first, because they use the pools. */
  async closeDatabase(): Promise<void> {
    await Promise.all(this.relays.splice(0).map((relay) => relay.stop()));
    await Promise.all(this.pools.splice(0).map((pool) => pool.end()));
  }

  get url(): string {
    return this.databaseUrl;
  }

  /** The pool of the test's writers, and of relays that get no other pool. */
  get pool(): Pool {
    const [pool] = this.pools;
    if (!pool) throw new Error('no outbox before openDatabase()');
    return pool;
  }

  /** Opens one more pool, which closeDatabase() ends. */
  openPool(options: Parameters<typeof createPool>[1] = {}): Pool {
    const pool = createPool(this.databaseUrl, options);
    this.pools.push(pool);
    return pool;
  }

  startRelay(publisher: OutboxPublisher, options: Partial<OutboxRelayOptions> = {}): OutboxRelay {
    const relay = new OutboxRelay({ pool: this.pool, publisher, ...quick, ...options });
    this.relays.push(relay);
    relay.start();
    return relay;
  }

  async commitRow(key: string, payload: unknown): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      await writeOutbox(client, [{ topic: 'story', key, payload }]);
      await client.query('COMMIT');
    } finally {
      client.release();
    }
  }

  async countUnsent(): Promise<number> {
    const { rows } = await this.pool.query<{ unsent: number }>(
      'SELECT count(*)::int AS unsent FROM outbox WHERE sent_at IS NULL',
    );
    return rows[0]?.unsent ?? -1;
  }

  async allSent(): Promise<boolean> {
    return (await this.countUnsent()) === 0;
  }

  /** Ends the sessions of relays. */
  async killSessions(): Promise<void> {
    await this.pool.query('SELECT pg_terminate_backend(backend_pid) FROM outbox_relays');
  }
}
