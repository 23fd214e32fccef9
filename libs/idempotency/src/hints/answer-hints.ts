import { createHash } from 'node:crypto';
import type { IdempotencyClaim, KeptAnswer } from '../http/idempotency-store.js';
import type { RedisHints } from './redis-hints.js';

const KIND = 'answer';

/** Kept answers as hints: replays of a key that is being hammered need not touch PostgreSQL. */
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

  /** After the answer's commit. Not waited for. */
  put(claim: IdempotencyClaim, answer: KeptAnswer): void {
    const { status, body } = answer;
    const value = JSON.stringify({ fingerprint: claim.fingerprint.toString('base64'), status, body });
    void this.hints.put(KIND, hintKey(claim), value, this.keepMs);
  }
}

/** Hashed: keys and buyer ids are text of any length, and none of Redis's business. */
const hintKey = ({ buyerId, route, key }: IdempotencyClaim): string =>
  createHash('sha256')
    .update(JSON.stringify([buyerId, route, key]))
    .digest('base64url');

/** A value that is not ours reads as a miss. */
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
