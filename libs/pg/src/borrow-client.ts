import type { Pool, PoolClient } from 'pg';

/**
 * Lends `work` a client of the pool. `work` releases the client, since `work` alone knows whether the connection is still
 * good. The pool listens for errors of idle clients only, and an error without a listener ends the process. So this function
 * listens while the client is lent; the statement under way, or the next one, rejects with the same error.
 */
export async function borrowClient<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  client.on('error', ignore);
  try {
    return await work(client);
  } finally {
    client.off('error', ignore);
  }
}

const ignore = (): void => undefined;
