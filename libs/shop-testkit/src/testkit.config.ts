import { homedir, platform } from 'node:os';
import { join } from 'node:path';

/** What the library takes from the environment. */
export interface TestkitConfig {
  /** REDIS_URL: a Redis that runs already. The library then starts none. @default none */
  readonly redisUrl: string | undefined;
  /** PATH: the folders in which the library looks for installed programs. */
  readonly path: string;
  /** ROCKETSHOP_CACHE: keeps unpacked packages between runs. @default the system's cache folder of this user */
  readonly cacheDir: string;
}

function defaultCacheDir(): string {
  if (platform() === 'darwin') return join(homedir(), 'Library/Caches/rocketshop');
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'rocketshop');
}

export const loadTestkitConfig = (): TestkitConfig => ({
  redisUrl: process.env['REDIS_URL'] || undefined,
  path: process.env['PATH'] ?? '',
  cacheDir: process.env['ROCKETSHOP_CACHE'] || defaultCacheDir(),
});
