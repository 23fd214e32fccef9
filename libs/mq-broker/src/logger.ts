/** Receives what the broker and the store report. The default drops everything; `apps/broker` writes lines. */
export type Logger = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;
