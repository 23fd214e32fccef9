import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { endChild, endingWithParent, isRunning } from './child.js';
import { loadTestkitConfig } from '../testkit.config.js';

/** The root folder of the repository. The search for it works from `src` and from `dist`. */
export const repositoryRoot = findRoot(import.meta.dirname);

export interface SpawnOptions {
  /** The path of the program in the repository: `apps/order/dist/main.js`. */
  readonly program: string;
  readonly args?: readonly string[];
  /** Flags of Node itself, for example `--cpu-prof`. */
  readonly nodeArgs?: readonly string[] | undefined;
  /** The whole environment of the child besides PATH. The child inherits nothing else. */
  readonly env?: Readonly<Record<string, string>>;
  /** The line with which the program says that it is ready. @default a JSON log line whose `msg` ends in " ready" */
  readonly readyLine?: RegExp;
  /** @default 20000 */
  readonly readyTimeoutMs?: number;
  /** Gets the whole output of the program, after what it contains already. */
  readonly logFile?: string | undefined;
  /** Gives the start up: the program is killed, and the promise rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

export interface SpawnedService {
  readonly pid: number;
  /** The last lines that the program printed: those of standard output, then those of standard error. */
  readonly lines: readonly string[];
  /** The fields of the ready line when it is JSON: `{ http, rpc }` for services. */
  readonly ready: Readonly<Record<string, unknown>>;
  readonly running: boolean;
  signal(signal: NodeJS.Signals): void;
  /** Sends SIGTERM, and SIGKILL after 15 s. @returns the exit code, or null when a signal ended the process */
  stop(): Promise<number | null>;
  /** Sends SIGKILL: the process crashes. */
  kill(): Promise<void>;
}

/** A demo may run for hours, and only the last lines of a program are ever read. */
const CHARACTERS_KEPT_MAX = 2_000_000;

const READY = /"msg":"[^"]* ready"/;
type Child = ChildProcessByStdio<null, Readable, Readable>;

const started = new Set<Child>();

// A test that fails may end this process before it has stopped its programs. They must not stay behind.
process.once('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});

/** Starts a built program in its own Node process and waits for its ready line. */
export async function spawnService(options: SpawnOptions): Promise<SpawnedService> {
  options.signal?.throwIfAborted();
  const child = spawn(
    ...endingWithParent(process.execPath, [
      '--enable-source-maps',
      ...(options.nodeArgs ?? []),
      join(repositoryRoot, options.program),
      ...(options.args ?? []),
    ]),
    {
      cwd: repositoryRoot,
      // Any free internal port: the default one may belong to a program that runs already.
      env: { PATH: loadTestkitConfig().path, INTERNAL_PORT: '0', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C in a terminal reaches the whole process group. The caller decides the order of ending, so the child leaves it.
      detached: true,
    },
  );
  started.add(child);
  child.once('exit', () => started.delete(child));
  if (options.logFile) keepOutput(child, options.logFile);
  const outputs = [new OutputTail(child.stdout), new OutputTail(child.stderr)];
  const lines = (): string[] => outputs.flatMap((output) => output.lines());
  const readyLine = await waitForReady(child, lines, options);
  return {
    pid: child.pid ?? 0,
    get lines() {
      return lines();
    },
    ready: parse(readyLine),
    get running() {
      return isRunning(child);
    },
    signal: (signal) => void child.kill(signal),
    stop: async () => {
      await endChild(child, 'SIGTERM', 15_000);
      return child.exitCode;
    },
    kill: () => endChild(child, 'SIGKILL'),
  };
}

/** Ends all programs that are still running. Call it in `afterAll`. */
export async function stopSpawnedServices(): Promise<void> {
  await Promise.all([...started].map((child) => endChild(child, 'SIGTERM', 5_000)));
}

function keepOutput(child: Child, file: string): void {
  const log = createWriteStream(file, { flags: 'a' });
  // A full disk must not stop the shop.
  log.on('error', () => undefined);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: string | Buffer) => log.write(chunk));
  child.once('close', () => log.end());
}

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package-lock.json')) ? folder : findRoot(dirname(folder));
}

/** The last text of a stream. It is cut into lines only when it is read, since a busy program prints a thousand lines a second. */
class OutputTail {
  private readonly chunks: string[] = [];
  private characters = 0;

  constructor(stream: Readable) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      this.chunks.push(chunk);
      this.characters += chunk.length;
      while (this.characters > CHARACTERS_KEPT_MAX) this.characters -= this.chunks.shift()?.length ?? 0;
    });
  }

  lines(): string[] {
    return this.chunks.join('').split('\n').slice(0, -1);
  }
}

function waitForReady(child: Child, lines: () => string[], options: SpawnOptions): Promise<string> {
  const pattern = options.readyLine ?? READY;
  const limitMs = options.readyTimeoutMs ?? 20_000;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      done();
      child.kill('SIGKILL');
      reject(options.signal?.reason as Error);
    };
    const done = (): void => {
      options.signal?.removeEventListener('abort', giveUp);
      clearTimeout(limit);
      child.stdout.off('data', look);
      child.stderr.off('data', look);
    };
    const fail = (why: string): void => {
      done();
      child.kill('SIGKILL');
      reject(new Error(`${options.program} ${why}\n${lines().slice(-40).join('\n')}`));
    };
    const look = (): void => {
      const line = lines().find((text) => pattern.test(text));
      if (line === undefined) return;
      done();
      resolve(line);
    };
    const limit = setTimeout(() => fail(`was not ready in ${limitMs} ms`), limitMs);
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    options.signal?.addEventListener('abort', giveUp);
    void once(child, 'exit').then(([code]) => fail(`ended with ${String(code)} before it was ready`));
  });
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}
