import { createHash } from 'node:crypto';
import type { IdempotencyClaim, KeptAnswer } from '../http/idempotency-store.js';
import type { RedisHints } from './redis-hints.js';

const KIND = 'answer';

/** Kept answers as hints: a key that is replayed often needs no read of PostgreSQL. */
export class AnswerHints {
  constructor(
    private readonly hints: RedisHints,
    private readonly keepMs: number,
  ) {}

  async get(
    claim: IdempotencyClaim,
  ): Promise<{ readonly fingerprint: Buffer; readonly answer: KeptAnswer } | undefined> {
    const text = await this.hints.get(KIND, hintKey(claim));
    return text === undefined ? undefined : parseHint(text);
  }

  /** Call this after the commit of the answer. It does not wait for Redis. */
  put(claim: IdempotencyClaim, answer: KeptAnswer): void {
    const { status, body } = answer;
    const value = JSON.stringify({ fingerprint: claim.fingerprint.toString('base64'), status, body });
    void this.hints.put(KIND, hintKey(claim), value, this.keepMs);
  }
}

/** A hash, because keys and buyer ids have any length and should not be readable in Redis. */
const hintKey = ({ buyerId, route, key }: IdempotencyClaim): string =>
  createHash('sha256')
    .update(JSON.stringify([buyerId, route, key]))
    .digest('base64url');

/** A value of another shape counts as a miss. */
function parseHint(text: string): { fingerprint: Buffer; answer: KeptAnswer } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('fingerprint' in value) || !('status' in value) || !('body' in value)) return undefined;
  const { fingerprint, status, body } = value;
  if (typeof fingerprint !== 'string' || typeof status !== 'number') return undefined;
  return { fingerprint: Buffer.from(fingerprint, 'base64'), answer: { status, body } };
}
