import type { Server } from 'node:net';
import { ListenError } from '../errors.js';

export interface ListenTarget {
  readonly host: string;
  readonly port: number;
  /** The variables of port and address, for the error. */
  readonly variables: readonly [port: string, address: string];
}

/**
 * Resolves when `server` listens.
 * @throws {ListenError} for whatever reason it cannot: a server that only reports some of them leaves a process that never
 * becomes ready and never ends
 */
export function listenOn(server: Server, target: ListenTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(listenError(error, target));
    server.once('error', fail);
    try {
      server.listen({ host: target.host, port: target.port }, () => {
        server.off('error', fail);
        resolve();
      });
    } catch (error) {
      fail(error);
    }
  });
}

/** One line that names the variable to change and its value. */
export function listenError(error: unknown, { host, port, variables }: ListenTarget): ListenError {
  const [portVariable, addressVariable] = variables;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const address = `${addressVariable}=${host}`;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} on ${host} is in use; stop who has it, or set ${portVariable} to a free port`,
    EACCES: `${portVariable}=${port} (${address}): this user may not listen there`,
    EADDRNOTAVAIL: `${address}: this machine has no such address`,
    ENOTFOUND: `${address}: this name has no address`,
    EAI_AGAIN: `${address}: this name cannot be resolved now`,
  };
  const reason = reasons[code] ?? `${portVariable}=${port}, ${address}: cannot listen (${code})`;
  return new ListenError(reason, portVariable, { cause: error });
}
