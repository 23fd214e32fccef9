import { homedir, platform } from 'node:os';
import { join } from 'node:path';

/** What the helpers that start PostgreSQL and Redis take from the environment. */
export interface TestkitConfig {
  /** A Redis that runs already; nothing is started then. @default none */
  readonly redisUrl: string | undefined;
  /** Folders searched for `redis-server` and `valkey-server`. */
  readonly path: string;
  /** Where unpacked packages are kept between runs. @default the system's cache folder for this user */
  readonly cacheDir: string;
  /** In CI what cannot run counts as failed. @default false */
  readonly isCi: boolean;
}

function defaultCacheDir(): string {
  if (platform() === 'darwin') return join(homedir(), 'Library/Caches/rocketshop');
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'rocketshop');
}

export const loadTestkitConfig = (): TestkitConfig => ({
  redisUrl: process.env['REDIS_URL'] || undefined,
  path: process.env['PATH'] ?? '',
  cacheDir: process.env['ROCKETSHOP_CACHE'] || defaultCacheDir(),
  isCi: Boolean(process.env['CI']),
});
