import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/** Sends `signal` and waits for the end; after `limitMs` SIGKILL. Ends this one process only, by its id. */
export async function endChild(child: ChildProcess, signal: NodeJS.Signals, limitMs = 10_000): Promise<void> {
  if (!isRunning(child)) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
  await exited;
  clearTimeout(limit);
}

/** Resolves when a line of the child's output matches; rejects with its output when it ends first or takes too long. */
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
      if (output.length < 65_536) output += chunk.toString();
      if (pattern.test(output)) finish();
    };
    const onExit = (code: number | null): void => finish(new Error(`${child.spawnfile} ended with ${code}\n${output}`));
    const limit = setTimeout(
      () => finish(new Error(`${child.spawnfile} was not ready in ${limitMs} ms\n${output}`)),
      limitMs,
    );
    child.stdout?.on('data', onData);
    child.stderr?.on('data', onData);
    child.once('exit', onExit);
    child.once('error', finish);
  });
}
