import type { LoggerService } from '@nestjs/common';
import type { Logger } from './create-logger.js';
import { isError, messageOf } from './describe-thrown.js';

type Level = 'error' | 'warn' | 'debug' | 'trace' | 'fatal';

/** Lets Nest log through pino. Nest passes (message, ...more, context), and an error with its stack as text. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  /** Logs at debug: Nest writes one line for each route at start, which is too much for info. */
  log(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  private write(level: Level, message: unknown, rest: unknown[]): void {
    const last = rest.at(-1);
    const context = typeof last === 'string' ? last : undefined;
    const more = context === undefined ? rest : rest.slice(0, -1);
    const fields = {
      ...(context === undefined ? {} : { context }),
      ...(more.length > 0 && more[0] !== undefined ? { detail: more.length === 1 ? more[0] : more } : {}),
    };
    if (isError(message)) this.logger[level]({ ...fields, err: message }, messageOf(message));
    else if (typeof message === 'string') this.logger[level](fields, message);
    else this.logger[level]({ ...fields, data: message }, 'framework message');
  }
}
