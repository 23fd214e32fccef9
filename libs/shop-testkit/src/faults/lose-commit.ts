import type { Chunk, FaultProxy, Verdict } from './fault-proxy.js';

export interface LostCommit {
  /** True when the proxy has cut the connection. */
  readonly happened: boolean;
}

/**
 * Cuts the connection of the next transaction that runs `statement`, in its commit. The commit is a COMMIT or, for a batch or a
 * pipeline, the Sync behind its statements.
 *   before  the commit never reaches PostgreSQL, so it rolls back
 *   after   PostgreSQL has committed, and its answer is lost
 * @param statement the name of a prepared statement, or a part of the SQL of another one
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

/** Holds the next commit of a transaction that runs `statement` back until `opened`. @param statement as for {@link loseCommit} */
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
    if (bytes.includes(statement)) running.add(connection);
    const isRollback = bytes.includes('ROLLBACK\0');
    const isEnd = isRollback || bytes.includes(begun.has(connection) ? 'COMMIT\0' : SYNC);
    if (!isEnd) return false;
    begun.delete(connection);
    return running.delete(connection) && !isRollback;
  };
}

/** The message Sync: its type 'S', and a length that counts only the length field. */
const SYNC = Buffer.from([0x53, 0, 0, 0, 4]);
