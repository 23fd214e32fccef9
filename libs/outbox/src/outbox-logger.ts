/** Where this library writes its log. A pino logger has this shape. */
export interface OutboxLogger {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLogger: OutboxLogger = { warn: () => undefined, error: () => undefined };
