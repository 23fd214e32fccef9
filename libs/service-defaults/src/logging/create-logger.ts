import pino from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { currentTrace } from '../trace/trace-context.js';
import type { LogLevel } from './log-levels.js';
import { cutText, describeThrown, isError } from './describe-thrown.js';
import { maskSecrets } from './mask-secrets.js';

export type { Logger } from 'pino';

/**
 * pino's form of an error, masked: a library may have attached a request with its headers. pino cannot read every thrown value,
 * for example a frozen error; what the line is about must be said nevertheless, and the caller must go on.
 */
function errorFields(error: unknown): unknown {
  if (!isError(error)) return typeof error === 'object' && error !== null ? describeThrown(error) : error;
  try {
    const fields = maskSecrets(pino.stdSerializers.err(error));
    const { message, stack } = fields;
    if (typeof message !== 'string' || typeof stack !== 'string') return describeThrown(error);
    return { ...fields, message: cutText(message), stack: cutText(stack) };
  } catch {
    return describeThrown(error);
  }
}

export interface LoggerOptions {
  /** The field `service` of every line. */
  readonly name: string;
  /** @default 'info' */
  readonly level?: LogLevel | undefined;
  /** @default stdout */
  readonly destination?: DestinationStream;
}

/** Writes JSON lines with `level`, `time`, `service`, `traceId`, `orderId` and `msg`. Secrets are masked by field name. */
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
        if (!trace) return {};
        const { traceId, orderId } = trace;
        return orderId === undefined ? { traceId } : { traceId, orderId };
      },
    },
    options.destination ?? pino.destination({ fd: 1, sync: true }),
  );
  return maskBindings(logger);
}

/** Masks the bindings of a child logger, which pino does not pass to the formatter of fields. */
function maskBindings(logger: Logger): Logger {
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its logger below
  const { child } = logger;
  // The prototype of a child is its parent, so a child inherits this method.
  logger.child = function (this: Logger, bindings, childOptions) {
    return child.call(this, maskSecrets(bindings), childOptions) as ReturnType<typeof child>;
  } as Logger['child'];
  return logger;
}
