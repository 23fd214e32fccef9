import { describe } from '@jest/globals';
import { loadTestkitConfig, locateRedis } from '@rocketshop/shop-testkit';

const config = loadTestkitConfig();
const isAvailable = config.redisUrl !== undefined || (await locateRedis(config)) !== undefined;

/** For suites that need a Redis. Where there is none they are listed as not run, and count as failed where CI is set. */
export const describeWithRedis: (name: string, define: () => void) => void = isAvailable ? describe : describe.skip;
