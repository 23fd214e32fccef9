import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { endChild, endingWithParent, isRunning, waitForOutput } from './child.js';
import { unpackRedis } from './debian-redis.js';
import type { RedisProgram } from './debian-redis.js';
import { freePort } from './free-port.js';
import { loadTestkitConfig } from '../testkit.config.js';
import type { TestkitConfig } from '../testkit.config.js';

export interface RedisServer {
  readonly url: string;
  readonly origin: string;
  /** Undefined for the server of REDIS_URL: this process did not start it. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 10_000;

/** Finds `redis-server` or `valkey-server` on the PATH, or else unpacks the distribution's package without root. */
export async function locateRedis(config: TestkitConfig = loadTestkitConfig()): Promise<RedisProgram | undefined> {
  for (const name of ['redis-server', 'valkey-server']) {
    for (const folder of config.path.split(delimiter).filter(Boolean)) {
      const command = join(folder, name);
      if (isExecutable(command)) return { command, origin: command };
    }
  }
  return unpackRedis(join(config.cacheDir, 'redis'));
}

/**
 * Gives the Redis of REDIS_URL, or starts one on a free loopback port without persistence.
 * @returns undefined on a machine without Redis: the shop then works on PostgreSQL alone
 */
export async function startRedisServer(options: { readonly port?: number } = {}): Promise<RedisServer | undefined> {
  const config = loadTestkitConfig();
  if (config.redisUrl !== undefined && options.port === undefined) {
    return { url: config.redisUrl, origin: 'REDIS_URL', pid: undefined, stop: () => Promise.resolve() };
  }
  const program = await locateRedis(config);
  return program ? start(program, options.port ?? (await freePort())) : undefined;
}

async function start(program: RedisProgram, port: number): Promise<RedisServer> {
  // It writes nothing, so it needs no folder of its own, which a killed run would leave behind.
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', tmpdir(), '--save', '', '--appendonly', 'no'];
  const child = spawn(...endingWithParent(program.command, args), {
    // Ctrl-C in a terminal reaches the whole process group. The caller decides when Redis ends, so it leaves the group.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: program.libraryPath ? { LD_LIBRARY_PATH: program.libraryPath } : {},
  });
  const killAtExit = (): void => {
    if (isRunning(child)) child.kill('SIGKILL');
  };
  process.once('exit', killAtExit);
  const stop = async (): Promise<void> => {
    await endChild(child, 'SIGTERM');
    process.off('exit', killAtExit);
  };
  try {
    await waitForOutput(child, /Ready to accept connections/, START_LIMIT_MS);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${port}`, origin: program.origin, pid: child.pid, stop };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
