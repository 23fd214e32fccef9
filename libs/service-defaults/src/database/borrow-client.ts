import type { Pool, PoolClient } from 'pg';

/**
 * Lends `work` a client of the pool; `work` releases it, since it alone knows whether the connection is still good.
 * The pool listens to idle clients only; a connection that breaks while it is ours must not end the process. The statement
 * under way, or the next one, rejects with the same news.
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
