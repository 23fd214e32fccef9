import type { AnswerHints } from '../hints/answer-hints.js';
import { findIdempotencyKey } from './idempotency-store.js';
import type { IdempotencyClaim, KeyRow, StatementReader } from './idempotency-store.js';

export type FoundKey = Pick<KeyRow, 'fingerprint' | 'answer'>;

/** Finds a key: by its hint if there is one, otherwise by its committed row. */
export class KeyLookup {
  constructor(
    private readonly reader: StatementReader,
    private readonly hints: AnswerHints,
  ) {}

  async find(claim: IdempotencyClaim): Promise<FoundKey | undefined> {
    const hint = await this.hints.get(claim);
    if (hint) return hint;
    const row = await findIdempotencyKey(this.reader, claim);
    // The row is committed, so the hint repeats a committed fact.
    if (row?.answer) this.hints.put({ ...claim, fingerprint: row.fingerprint }, row.answer);
    return row;
  }
}
