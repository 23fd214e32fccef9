import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/*
 * The range lies below the ports that systems give to outgoing connections (Linux from 32768, others from 49152). Otherwise a
 * connection could take the port of a server that has not started yet, or that was killed and starts again.
 */
const LOWEST = 12_000;
const HIGHEST = 32_000;
const ATTEMPTS_MAX = 100;
/** Ports that this process was given before: their servers may not listen yet. */
const given = new Set<number>();

/** A loopback port that was free a moment ago. Prefer port 0 when the server can report the port that it got. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const port = randomInt(LOWEST, HIGHEST);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port was found between ${LOWEST} and ${HIGHEST}`);
}

/** Tells whether a server could listen on the loopback port. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
