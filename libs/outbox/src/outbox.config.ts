import { durationProblems } from '@rocketshop/pg';
import type { LimitRule } from '@rocketshop/pg';
import type { Pool } from 'pg';
import { OutboxOptionsError } from './errors.js';
import type { OutboxLogger } from './outbox-logger.js';
import { silentLogger } from './outbox-logger.js';
import type { OutboxPublisher } from './outbox-message.js';

export interface OutboxRelayOptions {
  /**
   * For purges and metrics. The relay has one connection beside it, opened with the pool's options, for as long as it runs, and
   * listens there. A pooler in transaction mode must not stand between and PostgreSQL.
   */
  readonly pool: Pool;
  readonly publisher: OutboxPublisher;
  /** @default a logger that writes nothing */
  readonly logger?: OutboxLogger;
  /** How long a row may wait whose commit no wake call followed. @default 500 */
  readonly pollIntervalMs?: number;
  /**
   * The shortest time between two reads of the table. A wake call after a pause is served at once; under load one read
   * serves all commits of this time, which limits the relay's cost for the database. A read brings at most
   * `inFlightMax` rows.
   * @default 20
   */
  readonly passIntervalMs?: number;
  /** The longest time before a sent row is marked, when no read marks it earlier. @default 100 */
  readonly markIntervalMs?: number;
  /** Messages that may be with the publisher at the same time. @default 256 */
  readonly inFlightMax?: number;
  /**
   * A publish that takes longer counts as failed, and the row is sent again. Checked ten times within it.
   * @default 15000
   */
  readonly publishTimeoutMs?: number;
  /** Back-off of a key after its first failure. @default 200 */
  readonly backoffInitialMs?: number;
  /**
   * The longest back-off of a key: a message waits so long at most after its cause is healed, while no other message tells that the
   * broker is back. @default 10000
   */
  readonly backoffMaxMs?: number;
  /** How often the relay checks whether it has its share of the shards. @default 1000 */
  readonly rebalanceIntervalMs?: number;
  /**
   * The term of this relay's leases. When the relay is frozen or cut off, the others take its shards after the term and one
   * `rebalanceIntervalMs` at the latest. It is renewed after a quarter of it. Longer than `statementTimeoutMs`, so that a slow
   * statement does not cost the shards.
   * @default 6000
   */
  readonly leaseTermMs?: number;
  /** How long sent rows stay in the table, for questions about what was sent. @default 86400000 (a day) */
  readonly keepSentMs?: number;
  /** @default 60000 */
  readonly purgeIntervalMs?: number;
  /** How long `stop` waits for messages that are being published. @default 5000 */
  readonly stopTimeoutMs?: number;
  /** When a statement of the relay takes longer, its connection counts as lost. @default 4000 */
  readonly statementTimeoutMs?: number;
  /**
   * A monotonic clock, in ms, so that a wall clock that is set back does not prolong waits.
   * @default performance.now
   */
  readonly clock?: () => number;
}

const DEFAULTS = {
  logger: silentLogger,
  pollIntervalMs: 500,
  passIntervalMs: 20,
  markIntervalMs: 100,
  inFlightMax: 256,
  publishTimeoutMs: 15_000,
  backoffInitialMs: 200,
  backoffMaxMs: 10_000,
  rebalanceIntervalMs: 1_000,
  leaseTermMs: 6_000,
  keepSentMs: 86_400_000,
  purgeIntervalMs: 60_000,
  stopTimeoutMs: 5_000,
  statementTimeoutMs: 4_000,
  clock: () => performance.now(),
} as const;

const RULES: readonly LimitRule[] = [
  { field: 'leaseTermMs', longerThan: ['statementTimeoutMs'], reason: 'a slow statement must not cost the shards' },
  { field: 'backoffMaxMs', atLeast: ['backoffInitialMs'], reason: 'no back-off is longer than the longest' },
];

/** @throws {OutboxOptionsError} */
export function withDefaults(options: OutboxRelayOptions): Required<OutboxRelayOptions> {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const all = { ...DEFAULTS, ...(given as unknown as OutboxRelayOptions) };
  const problems = durationProblems(all, RULES);
  const { inFlightMax } = all;
  if (!Number.isInteger(inFlightMax) || inFlightMax < 1)
    problems.push(`inFlightMax must be a whole number above 0, not ${inFlightMax}`);
  if (problems.length > 0) throw new OutboxOptionsError(problems);
  return all;
}
