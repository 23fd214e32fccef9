import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { endChild, isRunning } from './services/child.js';
import { loadServicesConfig } from './services/services.config.js';

/** The repository, seen from the source and from `test/dist` alike. */
export const repositoryRoot = findRoot(import.meta.dirname);

export interface SpawnOptions {
  /** The program, relative to the repository: `apps/order/dist/main.js`. */
  readonly program: string;
  readonly args?: readonly string[];
  /** Flags of Node itself, for example `--cpu-prof`. */
  readonly nodeArgs?: readonly string[] | undefined;
  /** The child's whole environment besides PATH; nothing is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** A line that says it is ready. @default a JSON log line whose `msg` ends in " ready" */
  readonly readyLine?: RegExp;
  /** @default 20000 */
  readonly readyTimeoutMs?: number;
}

export interface SpawnedService {
  readonly pid: number;
  /** The last 5,000 lines it printed, both streams. */
  readonly lines: readonly string[];
  /** The ready line, parsed where it is JSON: `{ http, rpc }` for services. */
  readonly ready: Readonly<Record<string, unknown>>;
  readonly running: boolean;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after 15 s. @returns the exit code, or null when a signal ended it */
  stop(): Promise<number | null>;
  /** SIGKILL: what a crash looks like. */
  kill(): Promise<void>;
}

/** A demo or a benchmark may run for hours; only the end of what a program printed is ever looked at. */
const LINES_KEPT_MAX = 5_000;

const READY = /"msg":"[^"]* ready"/;
const started = new Set<ChildProcess>();

// Whoever ends without stopping what it started must not leave it behind.
process.once('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});

/** Starts a built program in a plain Node process and waits for its ready line. */
export async function spawnService(options: SpawnOptions): Promise<SpawnedService> {
  const child = spawn(
    process.execPath,
    [
      '--enable-source-maps',
      ...(options.nodeArgs ?? []),
      join(repositoryRoot, options.program),
      ...(options.args ?? []),
    ],
    {
      cwd: repositoryRoot,
      env: { PATH: loadServicesConfig().path, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C in a terminal goes to the whole group; whoever started us decides who ends first.
      detached: true,
    },
  );
  started.add(child);
  child.once('exit', () => started.delete(child));
  const lines: string[] = [];
  const readyLine = await waitForReady(child, lines, options);
  return {
    pid: child.pid ?? 0,
    lines,
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

/** Ends whatever a test left running; for `afterAll`. */
export async function stopSpawnedServices(): Promise<void> {
  await Promise.all([...started].map((child) => endChild(child, 'SIGTERM', 5_000)));
}

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package-lock.json')) ? folder : findRoot(dirname(folder));
}

function waitForReady(child: ChildProcess, lines: string[], options: SpawnOptions): Promise<string> {
  const pattern = options.readyLine ?? READY;
  const limitMs = options.readyTimeoutMs ?? 20_000;
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(limit);
      child.kill('SIGKILL');
      reject(new Error(`${options.program} ${why}\n${lines.slice(-40).join('\n')}`));
    };
    const limit = setTimeout(() => fail(`was not ready in ${limitMs} ms`), limitMs);
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (lines.length > LINES_KEPT_MAX) lines.shift();
        if (!pattern.test(line)) return;
        clearTimeout(limit);
        resolve(line);
      });
    }
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
