import type { Invariant } from '@rocketshop/shop-testkit';

const VIOLATIONS_SHOWN_MAX = 10;

/** Prints one line for each invariant, and under a broken one the rows that break it. @returns true when all hold */
export function printInvariants(invariants: readonly Invariant[]): boolean {
  for (const { id, says, violations } of invariants) {
    console.log(`  ${violations.length === 0 ? 'holds ' : 'BROKEN'}  ${id}  ${says}`);
    for (const violation of violations.slice(0, VIOLATIONS_SHOWN_MAX)) console.log(`            ${violation}`);
    const more = violations.length - VIOLATIONS_SHOWN_MAX;
    if (more > 0) console.log(`            and ${more} more`);
  }
  return invariants.every(({ violations }) => violations.length === 0);
}
