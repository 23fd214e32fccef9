import type { LoggerService } from '@nestjs/common';
import type { Logger } from './create-logger.js';

type Level = 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal';

/** Lets Nest log through pino. Nest passes (message, ...more, context), and an error with its stack as text. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
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
    // Nest logs one line for each route at start, which is too much for info.
    const effective = level === 'info' ? 'debug' : level;
    const context = rest.length > 0 && typeof rest.at(-1) === 'string' ? (rest.at(-1) as string) : undefined;
    const more = context === undefined ? rest : rest.slice(0, -1);
    const fields = {
      ...(context === undefined ? {} : { context }),
      ...(more.length > 0 && more[0] !== undefined ? { detail: more.length === 1 ? more[0] : more } : {}),
    };
    if (message instanceof Error) this.logger[effective]({ ...fields, err: message }, message.message);
    else if (typeof message === 'string') this.logger[effective](fields, message);
    else this.logger[effective]({ ...fields, data: message }, 'framework message');
  }
}
