import { spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { loadTestkitConfig } from '../testkit.config.js';

export const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/** Sends `signal` and waits for the end. After `limitMs` it sends SIGKILL. It ends this one process only, by its id. */
export async function endChild(child: ChildProcess, signal: NodeJS.Signals, limitMs = 10_000): Promise<void> {
  if (!isRunning(child)) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
  await exited;
  clearTimeout(limit);
}

const commandOf = (child: ChildProcess): string => child.spawnargs.join(' ');

/** The end of an output tells why a program failed; a server that is asked while it starts says one thing a thousand times. */
const lastOf = (output: string): string => output.slice(-OUTPUT_SHOWN_MAX);
const OUTPUT_SHOWN_MAX = 4_000;
const OUTPUT_KEPT_MAX = 65_536;

/** Resolves when the child's output matches. Rejects with the end of that output when the child ends first or takes too long. */
export function waitForOutput(child: ChildProcess, pattern: RegExp, limitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const finish = (error?: Error): void => {
      clearTimeout(limit);
      child.off('exit', onExit);
      if (error) reject(error);
      else resolve();
    };
    const onData = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-OUTPUT_KEPT_MAX);
      if (pattern.test(output)) finish();
    };
    const onExit = (code: number | null): void =>
      finish(new Error(`${commandOf(child)} ended with ${code}\n${lastOf(output)}`));
    const limit = setTimeout(
      () => finish(new Error(`${commandOf(child)} was not ready in ${limitMs} ms\n${lastOf(output)}`)),
      limitMs,
    );
    child.stdout?.on('data', onData);
    child.stderr?.on('data', onData);
    child.once('exit', onExit);
    child.once('error', finish);
  });
}

/**
 * The command line under which a program ends together with its parent process. Without it, a parent that is killed with -9
 * cannot stop its children and leaves them behind. The means is Linux's parent-death signal (setpriv of util-linux); on other
 * systems the command line stays as it is. A parent that died before the child asked for the signal sends none, so the shell
 * looks once whether the parent is still there.
 */
export function endingWithParent(
  command: string,
  args: readonly string[],
  signal: 'KILL' | 'QUIT' = 'KILL',
): [command: string, args: string[]] {
  setpriv ??= findSetpriv();
  if (setpriv === '') return [command, [...args]];
  const unlessOrphaned = ['sh', '-c', 'test "$PPID" = "$0" && exec "$@"', String(process.pid)];
  return [setpriv, ['--pdeathsig', signal, ...unlessOrphaned, command, ...args]];
}

/** Path of setpriv. Empty on a machine without it; undefined until the first look. */
let setpriv: string | undefined;

function findSetpriv(): string {
  if (process.platform !== 'linux') return '';
  const candidates = loadTestkitConfig()
    .path.split(delimiter)
    .map((folder) => join(folder, 'setpriv'));
  const works = (path: string): boolean => spawnSync(path, ['--pdeathsig', 'KILL', 'true']).status === 0;
  return candidates.find(works) ?? '';
}
