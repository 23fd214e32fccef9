import { describe } from '@jest/globals';
import { loadTestkitConfig, locateRedis } from '@rocketshop/shop-testkit';

const config = loadTestkitConfig();
const isAvailable = config.redisUrl !== undefined || (await locateRedis(config)) !== undefined;

/** For suites that need a Redis. A machine without Redis lists them as not run; with CI set they count as failed. */
export const describeWithRedis: (name: string, define: () => void) => void = isAvailable ? describe : describe.skip;
