import type { Logger } from '../../logger.js';
import type { DamagedRange } from '../store.types.js';

/** Ranges remembered by place; beyond these only the counter goes on. */
const DAMAGED_RANGES_MAX = 1000;

/** What the store found broken. Each place is reported once. */
export class DamageReport {
  private readonly byOffset = new Map<number, DamagedRange>();
  /** Damaged places found since the start. */
  count = 0;

  constructor(private readonly log: Logger) {}

  get ranges(): DamagedRange[] {
    return [...this.byOffset.values()];
  }

  add(range: DamagedRange): void {
    if (this.byOffset.has(range.physicalOffset)) return;
    this.count++;
    if (this.byOffset.size < DAMAGED_RANGES_MAX) this.byOffset.set(range.physicalOffset, range);
    this.log('error', 'A record in the commit log is damaged; it is skipped.', { ...range });
  }
}
