import { startNameServer } from '@rocketshop/mq-broker';
import type { NameServer } from '@rocketshop/mq-broker';
import { createLogger, healthPages, InternalServer, Metrics, Readiness } from '@rocketshop/service-defaults/process';

import { loadNameServerConfig } from './nameserver.config.js';
import type { NameServerConfig } from './nameserver.config.js';
import { observeNameServer } from './observe-name-server.js';

type Logger = ReturnType<typeof createLogger>;

/** Runs a name server until SIGTERM or SIGINT. Sets the exit code: 0 when it was told to stop, 1 when it could not start. */
export async function runNameServer(): Promise<void> {
  let logger = createLogger({ name: 'nameserver' });
  try {
    const config = loadNameServerConfig();
    logger = createLogger({ name: 'nameserver', level: config.logLevel });
    await run(config, logger);
  } catch (error) {
    fail(logger, 'start', error);
    // Whatever else the process has begun must not keep a name server up that does not serve.
    process.exit();
  }
}

async function run(config: NameServerConfig, logger: Logger): Promise<void> {
  let nameServer: NameServer | undefined;
  // Without a broker it is ready all the same: brokers come to it.
  const readiness = new Readiness(logger);
  const metrics = new Metrics('nameserver');
  observeNameServer(metrics, () => nameServer?.metrics());
  const internal = await InternalServer.start({
    host: config.internalBindAddress,
    port: config.internalPort,
    connectionsMax: 16,
    pages: healthPages({ readiness, metrics: () => metrics.text() }),
  });
  try {
    nameServer = await start(config, logger);
  } catch (error) {
    await internal.close();
    throw error;
  }
  const stop = (): void => {
    readiness.drain();
    closeBoth(nameServer, internal).catch((error: unknown) => fail(logger, 'stop cleanly', error));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  readiness.accept();
  const { address } = nameServer;
  // Said last: whoever reads it may stop the process in the same moment.
  logger.info({ address, internal: internal.url }, `The name server is ready on ${address}. Stop it with Ctrl-C.`);
}

async function closeBoth(nameServer: NameServer | undefined, internal: InternalServer): Promise<void> {
  try {
    await nameServer?.close();
  } finally {
    await internal.close();
  }
}

async function start(config: NameServerConfig, logger: Logger): Promise<NameServer> {
  try {
    return await startNameServer({
      host: config.bindAddress,
      port: config.listenPort,
      ...(config.kvConfigPath === undefined ? {} : { kvConfigPath: config.kvConfigPath }),
      log: (level, message, fields = {}) => logger[level](fields, message),
      onBrokerExpired: (brokerAddr) => logger.warn({ brokerAddr }, 'The broker fell silent and was removed.'),
    });
  } catch (error) {
    throw explain(error, config);
  }
}

function fail(logger: Logger, what: string, error: unknown): void {
  logger.fatal(`The name server cannot ${what}. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

/** Says what to do about the errors everybody meets once. */
function explain(error: unknown, { listenPort: port, bindAddress }: NameServerConfig): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    const advice = `Stop what uses it or choose another one, for example NAMESRV_LISTEN_PORT=${port + 1} npm start`;
    return new Error(`Port ${port} on ${bindAddress} is in use. ${advice}`, { cause: error });
  }
  if (code === 'EADDRNOTAVAIL') {
    return new Error(`This machine has no address ${bindAddress}. Set BIND_ADDRESS to one it has.`, { cause: error });
  }
  return error;
}
