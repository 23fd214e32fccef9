import type { FaultProxy, Verdict } from './fault-proxy.js';

export interface LostCommit {
  /** Whether the fault has happened. */
  readonly happened: boolean;
}

/**
 * Cuts the connection of the next transaction that runs the prepared `statement`, in its COMMIT:
 *   before  the COMMIT never reaches PostgreSQL, so it rolls back
 *   after   PostgreSQL has committed, and nobody hears of it
 * @param onLost called in that moment, for a story that takes more away than this one connection
 */
export function loseCommit(
  proxy: FaultProxy,
  statement: string,
  when: 'before' | 'after',
  onLost: () => void = () => undefined,
): LostCommit {
  const running = new Set<number>();
  let committing: number | undefined;
  let happened = false;
  const lose = () => {
    happened = true;
    onLost();
    return 'cut' as const;
  };
  proxy.use(({ direction, bytes, connection }) => {
    if (happened) return 'pass';
    if (direction === 'answer') return connection === committing ? lose() : 'pass';
    // A Bind names the statement and ends its name with a zero byte.
    if (bytes.includes(`${statement}\0`)) running.add(connection);
    if (!running.has(connection) || !bytes.includes('COMMIT')) return 'pass';
    if (when === 'before') return lose();
    committing = connection;
    return 'pass';
  });
  return {
    get happened() {
      return happened;
    },
  };
}

/** Holds the next COMMIT of a transaction that runs the prepared `statement` back until `opened`. */
export function holdCommit(proxy: FaultProxy, statement: string, opened: Promise<void>): { readonly isHeld: boolean } {
  const running = new Set<number>();
  let isHeld = false;
  proxy.use(async ({ direction, bytes, connection }): Promise<Verdict> => {
    if (direction === 'answer' || isHeld) return 'pass';
    if (bytes.includes(`${statement}\0`)) running.add(connection);
    if (!running.has(connection) || !bytes.includes('COMMIT')) return 'pass';
    isHeld = true;
    await opened;
    return 'pass';
  });
  return {
    get isHeld() {
      return isHeld;
    },
  };
}
