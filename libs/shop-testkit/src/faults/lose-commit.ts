import type { Chunk, FaultProxy, Verdict } from './fault-proxy.js';

export interface LostCommit {
  /** True when the proxy has cut the connection. */
  readonly happened: boolean;
}

/**
 * Cuts the connection of the next transaction that runs the prepared `statement`, at its commit. The commit is the COMMIT, or
 * the Sync behind statements that are one transaction in one round trip:
 *   before  the commit never reaches PostgreSQL, so PostgreSQL rolls back
 *   after   PostgreSQL has committed, and the client never knows
 * @param onLost called at that moment, for a story that breaks more than this one connection
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
  proxy.use((chunk) => {
    if (happened) return 'pass';
    if (chunk.direction === 'answer') return chunk.connection === committing ? lose() : 'pass';
    if (!commits(chunk)) return 'pass';
    if (when === 'before') return lose();
    committing = chunk.connection;
    return 'pass';
  });
  return {
    get happened() {
      return happened;
    },
  };
}

/** Holds the next commit of a transaction that runs the prepared `statement`, until `opened` resolves. */
export function holdCommit(proxy: FaultProxy, statement: string, opened: Promise<void>): { readonly isHeld: boolean } {
  const commits = commitsOf(statement);
  let isHeld = false;
  proxy.use(async (chunk): Promise<Verdict> => {
    if (chunk.direction === 'answer' || isHeld || !commits(chunk)) return 'pass';
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

/** Must see every request of all connections. Says which request commits a transaction that ran `statement`. */
function commitsOf(statement: string): (chunk: Chunk) => boolean {
  const begun = new Set<number>();
  const running = new Set<number>();
  return ({ bytes, connection }) => {
    if (bytes.includes('BEGIN ')) begun.add(connection);
    // A Bind message contains the statement's name with a zero byte at its end.
    if (bytes.includes(`${statement}\0`)) running.add(connection);
    const isRollback = bytes.includes('ROLLBACK\0');
    const isEnd = isRollback || bytes.includes(begun.has(connection) ? 'COMMIT\0' : SYNC);
    if (!isEnd) return false;
    begun.delete(connection);
    return running.delete(connection) && !isRollback;
  };
}

/** The message Sync: its type 'S', and a length that counts only the length field. */
const SYNC = Buffer.from([0x53, 0, 0, 0, 4]);
