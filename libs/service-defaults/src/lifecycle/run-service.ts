import type { CustomTransportStrategy } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger } from '../logging/create-logger.js';
import type { Logger } from '../logging/create-logger.js';
import { createService } from './create-service.js';
import type { Service, ServiceConfig, ServiceOptions } from './create-service.js';

export interface RunServiceOptions<C extends ServiceConfig> extends Pick<
  ServiceOptions,
  'name' | 'optionalChecks' | 'rawBody' | 'openApi'
> {
  /** Reads the environment; what it throws is printed and ends the process with 1. */
  readonly loadConfig: () => C;
  readonly module: (config: C) => ServiceOptions['module'];
  /** Message transports, usually providers of the module: `(app) => [app.get(RocketmqServer)]`. */
  readonly transports?: (app: NestFastifyApplication, config: C) => readonly CustomTransportStrategy[];
}

/** After this long a shutdown is stuck, and whoever supervises us is about to kill us anyway. */
const SHUTDOWN_LIMIT_MS = 15_000;
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * The whole of a service's `main.ts`: configuration, start, the ready line `<name> ready` on stdout, and a clean end
 * on SIGTERM or SIGINT: no new work, what has begun is finished, exit 0. A second signal, or 15 s, ends it with 1.
 * While it starts there is nothing to finish, and it ends at once.
 */
export async function runService<C extends ServiceConfig>(options: RunServiceOptions<C>): Promise<void> {
  let logger = createLogger({ name: options.name });
  // The first process of a container is not ended by a signal that it does not handle.
  const endAtOnce = (): never => process.exit(0);
  for (const signal of SIGNALS) process.on(signal, endAtOnce);
  try {
    const config = options.loadConfig();
    logger = createLogger({ name: options.name, ...(config.logLevel ? { level: config.logLevel } : {}) });
    const service = await createService({
      name: options.name,
      config,
      logger,
      module: options.module(config),
      ...(options.transports ? { transports: (app) => options.transports?.(app, config) ?? [] } : {}),
      ...(options.optionalChecks ? { optionalChecks: options.optionalChecks } : {}),
      ...(options.rawBody === undefined ? {} : { rawBody: options.rawBody }),
      ...(options.openApi ? { openApi: options.openApi } : {}),
    });
    for (const signal of SIGNALS) process.off(signal, endAtOnce);
    stopOnSignal(service, logger);
    logger.info({ http: service.httpUrl, rpc: service.rpcPort }, `${options.name} ready`);
  } catch (error) {
    logger.fatal({ err: error }, error instanceof Error ? error.message : 'start failed');
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
