import { durationProblems } from '@rocketshop/pg';
import type { Pool } from 'pg';
import type { Registry } from 'prom-client';
import { IdempotencyOptionsError } from './errors.js';
import type { StatementReader } from './http/idempotency-store.js';

export interface IdempotencyModuleOptions {
  readonly pool: Pool;
  /** Reads keys. @default the pool */
  readonly reader?: StatementReader;
  readonly redisUrl?: string | undefined;
  /** A hint that takes longer saves no time. @default 50 */
  readonly redisTimeoutMs?: number;
  /**
   * Lifetime of a key, published to clients. With Infinity a key lives for ever and never makes a second resource.
   * @default 86400000 (24 h)
   */
  readonly keepKeysMs?: number;
  /** Longer than the broker keeps messages. @default 2592000000 (30 days) */
  readonly keepConsumedMs?: number;
  /** @default 600000 */
  readonly sweepIntervalMs?: number;
  /** False for a service without an `idempotency_keys` table, because it only consumes. @default true */
  readonly httpKeys?: boolean;
  readonly logger?: Record<'info' | 'warn', (fields: object, message: string) => void>;
  /** Where the metrics are registered. @default there are none */
  readonly registry?: Registry;
}

export const DAY_MS = 86_400_000;

const DEFAULTS = {
  redisTimeoutMs: 50,
  keepKeysMs: DAY_MS,
  keepConsumedMs: 30 * DAY_MS,
  sweepIntervalMs: 600_000,
  httpKeys: true,
} as const;

export type ResolvedIdempotencyOptions = IdempotencyModuleOptions &
  Required<Pick<IdempotencyModuleOptions, keyof typeof DEFAULTS>>;

/** @throws {IdempotencyOptionsError} */
export function withDefaults(options: IdempotencyModuleOptions): ResolvedIdempotencyOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const all = { ...DEFAULTS, ...(given as unknown as IdempotencyModuleOptions) };
  // Infinity is what no purge waits for. Every other value is a duration.
  const keepKeysMs = all.keepKeysMs === Infinity ? undefined : all.keepKeysMs;
  const problems = durationProblems({ ...all, keepKeysMs });
  if (keepKeysMs === 0)
    problems.push('keepKeysMs must be above 0 ms: a key that is forgotten at once protects nothing');
  if (problems.length > 0) throw new IdempotencyOptionsError(problems);
  return all;
}
