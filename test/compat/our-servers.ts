import { join } from 'node:path';
import { spawnService } from '@rocketshop/shop-testkit';
import type { SpawnedService } from '@rocketshop/shop-testkit';
import { removeScratchFolder, scratchFolder } from './scratch-folder.js';

/** RocketMQ's own levels, except level 3: it is the delay of the first retry, and one second instead of ten is enough here. */
const MESSAGE_DELAY_LEVEL = '1s 5s 1s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h';

export interface Servers {
  readonly namesrvAddr: string;
  readonly brokerAddr: string;
  stop(): Promise<void>;
}

/** Starts our name server and our broker as processes, on free ports and a new store. */
export async function startOurServers(): Promise<Servers> {
  const folder = scratchFolder('servers');
  const nameServer = await spawnService({
    program: 'apps/nameserver/dist/main.js',
    env: { NAMESRV_LISTEN_PORT: '0' },
    readyLine: /is ready on/,
  });
  const namesrvAddr = addressOf(nameServer);
  const broker = await spawnService({
    program: 'apps/broker/dist/main.js',
    env: {
      BROKER_LISTEN_PORT: '0',
      NAMESRV_ADDR: namesrvAddr,
      STORE_DIR: join(folder, 'store'),
      FLUSH_DISK_TYPE: 'SYNC_FLUSH',
      MESSAGE_DELAY_LEVEL,
    },
    readyLine: /is ready on/,
  });
  return {
    namesrvAddr,
    brokerAddr: addressOf(broker),
    stop: async () => {
      await broker.stop();
      await nameServer.stop();
      removeScratchFolder(folder);
    },
  };
}

function addressOf(service: SpawnedService): string {
  const line = service.lines.find((text) => text.includes('is ready on')) ?? '';
  const address = /is ready on (\d+\.\d+\.\d+\.\d+:\d+)/.exec(line)?.[1];
  if (address === undefined) throw new Error(`no address in "${line}"`);
  return address;
}
