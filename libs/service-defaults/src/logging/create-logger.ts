import pino from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { currentTrace } from '../trace/trace-context.js';
import type { LogLevel } from './log-levels.js';
import { maskSecrets } from './mask-secrets.js';

export type { Logger } from 'pino';

/** pino's form of an error, in which a library may have kept a request with its headers. */
const errorFields = (error: Error): object => maskSecrets(pino.stdSerializers.err(error));

export interface LoggerOptions {
  /** Goes into every line as `service`. */
  readonly name: string;
  /** @default 'info' */
  readonly level?: LogLevel;
  /** @default stdout */
  readonly destination?: DestinationStream;
}

/** JSON lines: `{"level":"info","time":"...","service":"order","traceId":"...","msg":"..."}`. Secrets are masked by field name. */
export function createLogger(options: LoggerOptions): Logger {
  const logger = pino(
    {
      level: options.level ?? 'info',
      base: { service: options.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => maskSecrets(fields),
      },
      serializers: { err: errorFields, error: errorFields },
      mixin: () => {
        const trace = currentTrace();
        return trace ? { traceId: trace.traceId } : {};
      },
    },
    options.destination ?? pino.destination({ fd: 1, sync: true }),
  );
  return maskBindings(logger);
}

/** A child's bindings are written once, past the formatter of fields, so they are masked on their way in. */
function maskBindings(logger: Logger): Logger {
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its own logger below
  const { child } = logger;
  // Children have their parent as prototype, so this is theirs too.
  logger.child = function (this: Logger, bindings, childOptions) {
    return child.call(this, maskSecrets(bindings), childOptions) as ReturnType<typeof child>;
  } as Logger['child'];
  return logger;
}
