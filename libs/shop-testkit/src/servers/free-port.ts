import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range that systems take the ports of outgoing connections from (Linux from 32768, others from 49152): a
 * server that is killed, or not started yet, does not find its port taken by somebody's connection meanwhile.
 */
const LOWEST = 12_000;
const HIGHEST = 32_000;
const ATTEMPTS_MAX = 100;
/** Handed out in this process before: whoever got one may not listen yet. */
const given = new Set<number>();

/** A loopback port that was free a moment ago. Prefer port 0 where the server can report what it got. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const port = randomInt(LOWEST, HIGHEST);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port was found between ${LOWEST} and ${HIGHEST}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
