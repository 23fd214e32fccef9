/** The two lines this library writes. A pino logger fits. */
export interface OutboxLogger {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLogger: OutboxLogger = { warn: () => undefined, error: () => undefined };
