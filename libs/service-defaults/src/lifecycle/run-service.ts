import type { CustomTransportStrategy } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger } from '../logging/create-logger.js';
import type { Logger } from '../logging/create-logger.js';
import { messageOf } from '../logging/describe-thrown.js';
import { createService } from './create-service.js';
import type { Service, ServiceConfig, ServiceOptions } from './create-service.js';

export interface RunServiceOptions<C extends ServiceConfig> extends Pick<
  ServiceOptions,
  'name' | 'optionalChecks' | 'rawBody' | 'openApi'
> {
  /** Reads the environment. If it throws, the error is printed and the process exits with 1. */
  readonly loadConfig: () => C;
  readonly module: (config: C) => ServiceOptions['module'];
  /** Message transports, usually providers of the module: `(app) => [app.get(RocketmqServer)]`. */
  readonly transports?: (app: NestFastifyApplication, config: C) => readonly CustomTransportStrategy[];
}

/** A shutdown that takes longer is stuck, and the supervisor is about to kill the process anyway. */
const SHUTDOWN_LIMIT_MS = 15_000;
const DEMO_WARNING =
  'DEMO: demo data and demo secrets. Everybody gets a token of any buyer and may reset the shop, so only this machine may reach this service.';
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * The whole of a service's `main.ts`: configuration, start, the line `<name> ready` on stdout, and a clean shutdown.
 * SIGTERM or SIGINT makes the service refuse new requests, finish the running ones and exit with 0. A second signal, or
 * 15 s, makes it exit with 1. A service that is still starting has nothing to finish and exits at once.
 */
export async function runService<C extends ServiceConfig>(options: RunServiceOptions<C>): Promise<void> {
  const { name, loadConfig, module, transports, ...rest } = options;
  let logger = createLogger({ name });
  // The kernel does not end the first process of a container by a signal that the process does not handle.
  const endAtOnce = (): never => process.exit(0);
  for (const signal of SIGNALS) process.on(signal, endAtOnce);
  try {
    const config = loadConfig();
    logger = createLogger({ name, level: config.logLevel });
    if (config.demoData) logger.warn({ demoData: true }, DEMO_WARNING);
    const service = await createService({
      ...rest,
      name,
      config,
      logger,
      module: module(config),
      transports: (app) => transports?.(app, config) ?? [],
    });
    for (const signal of SIGNALS) process.off(signal, endAtOnce);
    stopOnSignal(service, logger);
    logger.info({ http: service.httpUrl, rpc: service.rpcPort, internal: service.internalUrl }, `${name} ready`);
  } catch (error) {
    logger.fatal({ err: error }, messageOf(error));
    process.exit(1);
  }
}

function stopOnSignal(service: Service, logger: Logger): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) {
      logger.warn({ signal }, 'second signal: stopping at once');
      process.exit(1);
    }
    stopping = true;
    logger.info({ signal }, 'stopping');
    const limit = setTimeout(() => {
      logger.error({ limitMs: SHUTDOWN_LIMIT_MS }, 'shutdown took too long');
      process.exit(1);
    }, SHUTDOWN_LIMIT_MS);
    service.close().then(
      () => {
        clearTimeout(limit);
        logger.info('stopped');
        process.exit(0);
      },
      (error: unknown) => {
        logger.error({ err: error }, 'shutdown failed');
        process.exit(1);
      },
    );
  };
  for (const signal of SIGNALS) process.on(signal, stop);
}
