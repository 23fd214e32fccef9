import pino from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { currentTrace } from '../trace/trace-context.js';
import type { LogLevel } from './log-levels.js';

export type { Logger } from 'pino';

/** Names of fields whose values never reach a log line, at the top of an object or up to two levels down. */
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'secrets',
  'token',
  'tokenSecret',
  'signature',
  'databaseUrl',
  'redisUrl',
  '["x-pay-signature"]',
  '["set-cookie"]',
];

const below = (prefix: string, name: string) => (name.startsWith('[') ? `${prefix}${name}` : `${prefix}.${name}`);

const REDACTED_PATHS = SECRET_FIELDS.flatMap((name) => [name, below('*', name), below('*.*', name)]);

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
  return pino(
    {
      level: options.level ?? 'info',
      base: { service: options.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED_PATHS, censor: '[secret]' },
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
      mixin: () => {
        const trace = currentTrace();
        return trace ? { traceId: trace.traceId } : {};
      },
    },
    options.destination ?? pino.destination({ fd: 1, sync: true }),
  );
}
