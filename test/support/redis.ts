import { describe } from '@jest/globals';
import { loadTestkitConfig, locateRedis, startRedisServer, type RedisServer } from '@rocketshop/shop-testkit';

const config = loadTestkitConfig();
const isAvailable = config.redisUrl !== undefined || (await locateRedis(config)) !== undefined;

/** For suites that need a Redis. Where there is none they are listed as not run, and count as failed where CI is set. */
export const describeWithRedis: (name: string, define: () => void) => void = isAvailable ? describe : describe.skip;

/** A Redis of the test's own on loopback, or the one of REDIS_URL. Inside {@link describeWithRedis} there is always one. */
export async function startRedis(): Promise<RedisServer> {
  const server = await startRedisServer();
  if (!server) throw new Error('no Redis on this machine');
  return server;
}
