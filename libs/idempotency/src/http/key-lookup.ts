import type { AnswerHints } from '../hints/answer-hints.js';
import { findIdempotencyKey } from './idempotency-store.js';
import type { PgReader } from '../sql.js';
import type { IdempotencyClaim, KeyRow } from './idempotency-store.js';

export type FoundKey = Pick<KeyRow, 'fingerprint' | 'answer'>;

/** What is known of a key: a hint where there is one, else what PostgreSQL has committed. */
export class KeyLookup {
  constructor(
    private readonly reader: PgReader,
    private readonly hints: AnswerHints,
  ) {}

  async find(claim: IdempotencyClaim): Promise<FoundKey | undefined> {
    const hint = await this.hints.get(claim);
    if (hint) return hint;
    const row = await findIdempotencyKey(this.reader, claim);
    // Read from committed rows, so the hint repeats only what was committed.
    if (row?.answer) this.hints.put({ ...claim, fingerprint: row.fingerprint }, row.answer);
    return row;
  }
}
