import { readFileSync } from 'node:fs';

/** Node itself, the internal port, name servers, and files that are open for a moment: tables, folders. */
const OTHERS = 64;
/** A store is split over many files, and each connection is a file too: the store gets a third. */
const STORE_SHARE = 1 / 3;
const STORE_FILES_MAX = 2_048;
/** Node needs some 150 for a moment to load the programs. */
const NEEDED = 200;

/** Thrown when the system lets this process open too few files. */
class TooFewFilesError extends Error {
  readonly code = 'TOO_FEW_FILES';
  readonly retriable = false;

  constructor(limit: number) {
    super(`The system lets this process open ${limit} files, and it needs ${NEEDED}. Raise the limit with ulimit -n.`);
    this.name = 'TooFewFilesError';
  }
}

/**
 * How many files the system lets this process open, its soft limit. Node has raised that to the hard limit when it started.
 * Undefined where the system does not tell, or sets no limit.
 */
export function openFilesLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** Files that a store may have open at the same time. */
export function storeFilesMax(limit = openFilesLimit()): number {
  if (limit === undefined) return STORE_FILES_MAX;
  return Math.min(STORE_FILES_MAX, Math.max(1, Math.floor((limit - OTHERS) * STORE_SHARE)));
}

/**
 * The connections that leave the store its files, at most `wanted`.
 * @throws TooFewFilesError when nothing useful would be left
 */
export function connectionsLeft(
  wanted: number,
  { storeFiles, log }: { storeFiles: number; log: (level: 'warn', message: string) => void },
  limit = openFilesLimit(),
): number {
  if (limit === undefined) return wanted;
  if (limit < NEEDED) throw new TooFewFilesError(limit);
  const left = limit - OTHERS - storeFiles;
  if (left >= wanted) return wanted;
  log('warn', `connectionsMax is lowered from ${wanted} to ${left}: the system lets this process open ${limit} files.`);
  return left;
}
