import type { Chunk, Direction, FaultProxy, Verdict } from './fault-proxy.js';

export interface KillAtChunk {
  /** Resolves when the process is dead. Undefined until a chunk has killed it. */
  readonly done: Promise<void> | undefined;
}

/** Calls `kill` at the first chunk that `matches`. That chunk and all later matches get the verdict; other chunks pass. */
export function killAt(
  proxy: FaultProxy,
  kill: () => Promise<void>,
  matches: (chunk: Chunk) => boolean,
  verdict: Verdict = 'cut',
): KillAtChunk {
  let done: Promise<void> | undefined;
  proxy.use((chunk) => {
    if (!matches(chunk)) return 'pass';
    done ??= kill();
    return verdict;
  });
  return {
    get done() {
      return done;
    },
  };
}

/** Matches the request that contains `text` and all requests after it, or all answers after that request. */
export function whenPassing(text: string, when: Direction): (chunk: Chunk) => boolean {
  let isAsked = false;
  return ({ direction, bytes }) => {
    isAsked ||= direction === 'request' && bytes.includes(text);
    return isAsked && direction === when;
  };
}
