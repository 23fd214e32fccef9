import { startBroker } from '@rocketshop/mq-broker';
import type { BrokerHandle } from '@rocketshop/mq-broker';
import { createLogger, healthPages, InternalServer, Metrics, Readiness } from '@rocketshop/service-defaults/process';

import { brokerOptions, loadBrokerConfig } from './broker-process.config.js';
import type { BrokerProcessConfig } from './broker-process.config.js';
import { observeBroker } from './observe-broker.js';

type Logger = ReturnType<typeof createLogger>;

/**
 * Runs a broker until SIGTERM or SIGINT. Exit codes: 0 when it was told to stop and drained, 1 when it could not start or
 * the disk failed under it.
 */
export async function runBroker(): Promise<void> {
  let logger = createLogger({ name: 'broker' });
  try {
    const config = loadBrokerConfig();
    logger = createLogger({ name: 'broker', level: config.logLevel });
    await run(config, logger);
  } catch (error) {
    fail(logger, 'start', error);
    // Whatever else the process has begun must not keep a broker up that does not serve.
    process.exit();
  }
}

async function run(config: BrokerProcessConfig, logger: Logger): Promise<void> {
  let broker: BrokerHandle | undefined;
  const readiness = new Readiness(logger);
  readiness.add('store', async () => {
    if (broker?.metrics()?.store.isWritable !== true) throw new Error('the disk is full: messages are refused');
  });
  const metrics = new Metrics('broker');
  const { onSync } = observeBroker(metrics, () => broker?.metrics());
  // It listens first: a recovery may take long, and a probe sees that the broker is alive.
  const internal = await InternalServer.start({
    host: config.internalBindAddress,
    port: config.internalPort,
    connectionsMax: 16,
    pages: healthPages({ readiness, metrics: () => metrics.text() }),
  });
  try {
    broker = await start(config, logger, onSync);
  } catch (error) {
    await internal.close();
    throw error;
  }
  const stop = (): void => {
    readiness.drain();
    closeBoth(broker, internal).then(
      () => logger.info('The broker has stopped; everything taken is on the disk.'),
      (error: unknown) => fail(logger, 'stop cleanly', error),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  readiness.accept();
  const { address, storePathRootDir: store } = broker;
  const { brokerName, flushDiskType } = config;
  // Said last: whoever reads it may stop the process in the same moment.
  logger.info(
    { address, store, flushDiskType, internal: internal.url },
    `The broker ${brokerName} is ready on ${address} (${flushDiskType}, store ${store}). Stop it with Ctrl-C.`,
  );
}

async function closeBoth(broker: BrokerHandle | undefined, internal: InternalServer): Promise<void> {
  try {
    await broker?.close();
  } finally {
    await internal.close();
  }
}

async function start(
  config: BrokerProcessConfig,
  logger: Logger,
  onSync: (durationMs: number) => void,
): Promise<BrokerHandle> {
  try {
    return await startBroker({
      ...brokerOptions(config),
      storeOptions: { onSync },
      log: (level, message, fields = {}) => logger[level](fields, message),
      onFatal: (error) => {
        // Nothing may be acknowledged any more; the next start finds out what the disk has.
        logger.fatal({ err: error }, `The broker ends: ${error.message}`);
        process.exit(1);
      },
    });
  } catch (error) {
    throw explain(error, config);
  }
}

function fail(logger: Logger, what: string, error: unknown): void {
  logger.fatal(`The broker cannot ${what}. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

/** Says what to do about the errors everybody meets once. */
function explain(error: unknown, { brokerListenPort, bindAddress }: BrokerProcessConfig): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    const advice = 'Stop what uses it or choose another one, for example BROKER_LISTEN_PORT=10921 npm start';
    return new Error(`Port ${brokerListenPort} on ${bindAddress} is in use. ${advice}`, { cause: error });
  }
  if (code === 'EADDRNOTAVAIL') {
    return new Error(`This machine has no address ${bindAddress}. Set BIND_ADDRESS to one it has.`, {
      cause: error,
    });
  }
  if (code === 'STORE_LOCKED') {
    return new Error(`${(error as Error).message} Stop it, or choose another folder with STORE_DIR.`, { cause: error });
  }
  return error;
}
