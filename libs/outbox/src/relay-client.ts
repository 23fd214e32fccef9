import type { Client, ClientConfig, Pool } from 'pg';

/** `pg` keeps both at the pool, but its types do not have them. */
interface PoolParts {
  readonly Client: new (config: ClientConfig) => Client;
  readonly options: ClientConfig;
}

/** Longest wait for a connection where the pool has no limit. */
const CONNECT_LIMIT_MS = 5_000;

/**
 * Opens a connection of the relay's own, as the pool opens its connections: the same server, limits and name. A connection of the
 * pool would not do. While requests wait for all of them, a relay whose session is lost would wait behind the requests, and its
 * shards would have no relay.
 * @throws when there is none in the time that the pool's connections have
 */
export async function openRelayClient(pool: Pool): Promise<Client> {
  // The pool keeps the password where a copy of its options would not have it.
  const { Client, options } = pool as unknown as PoolParts;
  const client = new Client(options);
  const limitMs = options.connectionTimeoutMillis || CONNECT_LIMIT_MS;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no connection to the database in ${limitMs} ms`)), limitMs);
  });
  try {
    // Without a listener an error would end the process.
    client.on('error', () => undefined);
    await Promise.race([client.connect(), late]);
    return client;
  } catch (error) {
    void closeRelayClient(client);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** How long a server may take to end a session. One that is frozen is not waited for. */
const END_LIMIT_MS = 1_000;

/** Resolves when the session is over. Never rejects. */
export async function closeRelayClient(client: Client): Promise<void> {
  const { connection } = client as unknown as { readonly connection: { readonly stream: { destroy(): void } } };
  const limit = setTimeout(() => connection.stream.destroy(), END_LIMIT_MS);
  await client.end().catch(() => undefined);
  clearTimeout(limit);
}
