import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { RedisHints } from './hints/redis-hints.js';

/*
 * new       nobody has used the key before
 * replayed  the kept answer was given again
 * pending   the first request with the key is still running
 * mismatch  the key was used for another request
 */
const OUTCOMES = ['new', 'replayed', 'pending', 'mismatch'] as const;
export type KeyOutcome = (typeof OUTCOMES)[number];

/** Counts what came of requests with a key, and what Redis saved. Without a registry it counts nothing. */
export class IdempotencyMetrics {
  private readonly keys: Counter<'outcome'> | undefined;

  constructor(hints: RedisHints, registry: Registry | undefined) {
    if (!registry) return;
    const registers = [registry];
    this.keys = new Counter({
      name: 'idempotency_requests_total',
      help: 'Requests with an idempotency key, by outcome: new, replayed, pending, mismatch',
      labelNames: ['outcome'],
      registers,
    });
    for (const outcome of OUTCOMES) this.keys.inc({ outcome }, 0);
    if (hints.status === 'off') return;
    observeHints(hints, registers);
  }

  count(outcome: KeyOutcome): void {
    this.keys?.inc({ outcome });
  }
}

function observeHints(hints: RedisHints, registers: Registry[]): void {
  new Gauge({
    name: 'idempotency_redis_up',
    help: '1 while Redis answers, 0 while PostgreSQL answers all questions. Absent without a Redis',
    registers,
    collect() {
      this.set(hints.status === 'up' ? 1 : 0);
    },
  });
  const seen: Record<string, number> = {};
  new Counter({
    name: 'idempotency_hints_total',
    help: 'Questions to Redis, by outcome: hit, miss, failed, unasked',
    labelNames: ['outcome'],
    registers,
    collect() {
      for (const [outcome, total] of Object.entries(hints.outcomes)) {
        this.inc({ outcome }, total - (seen[outcome] ?? 0));
        seen[outcome] = total;
      }
    },
  });
}
