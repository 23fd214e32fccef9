import pg from 'pg';
import type { PoolClient, PoolConfig } from 'pg';
import { SilentServerError } from './errors.js';

/** A connection that was used so recently is lent without a question, so that a busy pool asks none. */
const TRUSTED_MS = 500;
const ANSWER_MS = 1_000;

type Lend = (error: Error | undefined, client: PoolClient | undefined, release: PoolClient['release']) => void;
const release = (): void => undefined;

/**
 * A pool that lends no dead connection. A server, or a firewall before it, can vanish without a word and come back: the idle
 * connections look open, and the first statement on each would fail. So a connection that was idle is asked first, and replaced
 * when it does not answer in a second; with it go all that were idle since before, without a question.
 *
 * pg's own pool asks new connections only (`verify`).
 */
export class LivePool extends pg.Pool {
  private readonly usedAt = new WeakMap<PoolClient, number>();
  /** A connection that was used last before this instant is dead. */
  private deadBefore = -Infinity;

  constructor(config: PoolConfig) {
    super(config);
    const used = (client: PoolClient): void => void this.usedAt.set(client, performance.now());
    this.on('connect', used);
    this.on('release', (_error, client) => used(client));
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: Lend): void;
  override connect(callback?: Lend): Promise<PoolClient> | void {
    if (!callback) return this.lend();
    void this.lendTo(callback);
  }

  private async lendTo(callback: Lend): Promise<void> {
    let client: PoolClient;
    try {
      client = await this.lend();
    } catch (error) {
      callback(error as Error, undefined, release);
      return;
    }
    callback(undefined, client, (destroy) => client.release(destroy));
  }

  /** Ends: each turn lends a connection or closes one, and the pool has a limit. */
  private async lend(): Promise<PoolClient> {
    for (;;) {
      const client = await super.connect();
      const usedAt = this.usedAt.get(client) ?? performance.now();
      if (usedAt <= this.deadBefore) client.release(true);
      else if (performance.now() - usedAt < TRUSTED_MS || (await this.isAlive(client))) return client;
    }
  }

  private async isAlive(client: PoolClient): Promise<boolean> {
    const askedAt = performance.now();
    try {
      await answerOf(client);
      return true;
    } catch (error) {
      this.deadBefore = askedAt;
      client.release(error instanceof Error ? error : true);
      return false;
    }
  }
}

async function answerOf(client: PoolClient): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new SilentServerError(ANSWER_MS)), ANSWER_MS);
  });
  // An error of a lent connection that nobody listens to would end the process.
  const ignore = (): void => undefined;
  client.on('error', ignore);
  try {
    await Promise.race([client.query('SELECT'), late]);
  } finally {
    clearTimeout(timer);
    client.off('error', ignore);
  }
}
