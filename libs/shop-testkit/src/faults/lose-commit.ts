import type { FaultProxy, Passage, Verdict } from './fault-proxy.js';

export interface LostCommit {
  /** True once the connection was cut. */
  readonly happened: boolean;
}

/**
 * Cuts the connection of the next transaction that runs the prepared `statement`, in its commit, which is its COMMIT or, for
 * statements that were sent as one transaction in one round trip, the Sync behind them:
 *   before  the commit never reaches PostgreSQL, so it rolls back
 *   after   PostgreSQL has committed, and nobody hears of it
 * @param onLost called in that moment, for a story that takes more away than this one connection
 */
export function loseCommit(
  proxy: FaultProxy,
  statement: string,
  when: 'before' | 'after',
  onLost: () => void = () => undefined,
): LostCommit {
  const commits = commitsOf(statement);
  let committing: number | undefined;
  let happened = false;
  const lose = () => {
    happened = true;
    onLost();
    return 'cut' as const;
  };
  proxy.use((passage) => {
    if (happened) return 'pass';
    if (passage.direction === 'answer') return passage.connection === committing ? lose() : 'pass';
    if (!commits(passage)) return 'pass';
    if (when === 'before') return lose();
    committing = passage.connection;
    return 'pass';
  });
  return {
    get happened() {
      return happened;
    },
  };
}

/** Holds the next commit of a transaction that runs the prepared `statement` back until `opened`. */
export function holdCommit(proxy: FaultProxy, statement: string, opened: Promise<void>): { readonly isHeld: boolean } {
  const commits = commitsOf(statement);
  let isHeld = false;
  proxy.use(async (passage): Promise<Verdict> => {
    if (passage.direction === 'answer' || isHeld || !commits(passage)) return 'pass';
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

/** Sees every request of all connections, and says which of them commits a transaction with `statement` in it. */
function commitsOf(statement: string): (passage: Passage) => boolean {
  const begun = new Set<number>();
  const running = new Set<number>();
  return ({ bytes, connection }) => {
    if (bytes.includes('BEGIN ')) begun.add(connection);
    // A Bind names the statement and ends its name with a zero byte.
    if (bytes.includes(`${statement}\0`)) running.add(connection);
    const isRollback = bytes.includes('ROLLBACK\0');
    const isEnd = isRollback || bytes.includes(begun.has(connection) ? 'COMMIT\0' : SYNC);
    if (!isEnd) return false;
    begun.delete(connection);
    return running.delete(connection) && !isRollback;
  };
}

/** The message Sync: its type and the length of nothing but itself. */
const SYNC = Buffer.from([0x53, 0, 0, 0, 4]);
