import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { untilReady, type ProgramName, type ShopUrls } from '@rocketshop/test';
import type { ShopControl } from './shop-control.js';

const run = promisify(execFile);

export const COMPOSE_URLS: ShopUrls = {
  order: 'http://127.0.0.1:3001',
  stock: 'http://127.0.0.1:3002',
  coupon: 'http://127.0.0.1:3003',
  user: 'http://127.0.0.1:3004',
  pay: 'http://127.0.0.1:3005',
  provider: 'http://127.0.0.1:3010',
};

const URL_OF: Readonly<Partial<Record<ProgramName, string>>> = {
  order: COMPOSE_URLS.order,
  stock: COMPOSE_URLS.stock,
  coupon: COMPOSE_URLS.coupon,
  user: COMPOSE_URLS.user,
  pay: COMPOSE_URLS.pay,
  'pay-provider': COMPOSE_URLS.provider,
};

/** Control over the containers of docker-compose.yml. */
export function controlCompose(timeScale: number): ShopControl {
  const compose = composeCommand();
  const call = async (...args: string[]) => void (await run(compose[0] ?? 'docker', [...compose.slice(1), ...args]));
  return {
    timeScale,
    stop: (program) => call('stop', program),
    kill: (program) => call('kill', '-s', 'SIGKILL', program),
    start: async (program) => {
      await call('start', program);
      await untilReady(URL_OF[program] ?? COMPOSE_URLS.order, 60_000);
    },
    proxy: () => undefined,
  };
}

/** `docker compose` where it is a plugin, else the stand-alone `docker-compose`. */
function composeCommand(): readonly string[] {
  const plugin = spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' });
  return plugin.status === 0 ? ['docker', 'compose'] : ['docker-compose'];
}
