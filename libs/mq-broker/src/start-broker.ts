import { systemClock } from './broker/broker-clock.js';
import type { BrokerClock } from './broker/broker-clock.js';
import type { Logger } from './logger.js';
import { resolveBrokerConfig } from './broker/broker.config.js';
import type { BrokerConfigInput } from './broker/broker.config.js';
import { Broker } from './broker/broker.js';
import type { BrokerMetrics } from './broker/statistics/broker-metrics.js';
import { startNameServer } from './start-name-server.js';
import type { MessageStoreOptions } from './store/index.js';

/** RocketMQ's settings by their names, and where things come from. Everything is optional. */
export interface StartBrokerOptions extends BrokerConfigInput {
  /**
   * Name servers to register with, `host:port;host:port`. Left out, a name server is started along with the broker on any
   * free port and stopped with it; '' registers nowhere.
   */
  namesrvAddr?: string;
  /** @default 0, any free port */
  listenPort?: number;
  /** Root folder of the store. Left out, a temporary store is made and removed on close. */
  storePathRootDir?: string;
  /** For the store, beyond what RocketMQ's settings say. */
  storeOptions?: MessageStoreOptions;
  /** @default silent */
  log?: Logger;
  clock?: BrokerClock;
  /** Called once when the disk failed, or when the store has another owner. @default throws the error, which ends the process */
  onFatal?: (error: Error) => void;
}

export interface BrokerHandle {
  /** The bound address. */
  readonly host: string;
  readonly port: number;
  /** What clients are told: `brokerIP1:port`. */
  readonly address: string;
  /** The name servers this broker registers with, for clients. */
  readonly namesrvAddr: string;
  readonly storePathRootDir: string;
  /** Drains: no new work, what was taken is flushed and answered, offsets are saved. */
  close(): Promise<void>;
  /** Undefined while the broker stops. */
  metrics(): BrokerMetrics | undefined;
}

/**
 * Starts a broker; resolves when it serves requests and is known to its name servers.
 * @throws BrokerConfigError naming every wrong setting, StoreLockedError, StoreCorruptedError, the system's EADDRINUSE
 */
export async function startBroker(options: StartBrokerOptions = {}): Promise<BrokerHandle> {
  const {
    storePathRootDir,
    storeOptions = {},
    log = () => {},
    clock = systemClock,
    onFatal = rethrow,
    ...input
  } = options;
  resolveBrokerConfig(input);
  const nameServer = input.namesrvAddr === undefined ? await startNameServer({ port: 0 }) : undefined;
  const namesrvAddr = input.namesrvAddr ?? nameServer?.address ?? '';
  try {
    const config = resolveBrokerConfig({ listenPort: 0, ...input, namesrvAddr });
    const broker = await Broker.start({ config, storePathRootDir, storeOptions, log, clock, onFatal });
    return {
      host: broker.host,
      port: broker.port,
      address: broker.address,
      namesrvAddr,
      storePathRootDir: broker.storeDirectory,
      metrics: () => broker.metrics(),
      close: async () => {
        try {
          await broker.close();
        } finally {
          await nameServer?.close();
        }
      },
    };
  } catch (error) {
    await nameServer?.close();
    throw error;
  }
}

function rethrow(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}
