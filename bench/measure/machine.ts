import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, platform, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Histogram } from './histogram.js';

/** The facts without which a figure cannot be compared. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Ends with `+changes` when the checkout differs from the commit. */
  readonly commit: string;
  readonly command: string;
  readonly startedAt: string;
  /** Average over the minute before the run began. Above 1, other programs use the machine. */
  readonly loadAverage: number;
  readonly folder: string;
  readonly isMemoryDisk: boolean;
  /** Time of a `write` of 4 KiB and an `fdatasync`, ms. */
  readonly syncP50Ms: number;
  readonly syncP99Ms: number;
}

const TMPFS_MAGIC = 0x01021994;
const PROBE_WRITES = 200;

export function describeMachine(args: readonly string[]): Machine {
  const folder = tmpdir();
  const sync = probeSync(folder);
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.versions.node,
    commit: commit(),
    command: `npm run bench -- ${args.join(' ')}`,
    startedAt: new Date().toISOString(),
    loadAverage: loadavg()[0] ?? Number.NaN,
    folder,
    isMemoryDisk: platform() === 'linux' && statfsSync(folder).type === TMPFS_MAGIC,
    syncP50Ms: sync.percentile(0.5),
    syncP99Ms: sync.percentile(0.99),
  };
}

export function machineLines(machine: Machine): string {
  return [
    `machine  ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}`,
    `disk     ${machine.folder}${machine.isMemoryDisk ? ' is in memory: SYNC_FLUSH means nothing here' : ''}; ` +
      `4 KiB and fdatasync: p50 ${machine.syncP50Ms.toFixed(2)} ms, p99 ${machine.syncP99Ms.toFixed(2)} ms`,
    `commit   ${machine.commit}`,
    `command  ${machine.command}`,
    `at       ${machine.startedAt}, load average ${machine.loadAverage.toFixed(1)}` +
      (machine.loadAverage > 1 ? ' (NOT a quiet machine: compare ratios, not figures)' : ''),
  ].join('\n');
}

function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '-uno') ? ' +changes' : '');
  } catch {
    return 'unknown (no git)';
  }
}

function probeSync(folder: string): Histogram {
  const histogram = new Histogram();
  const home = mkdtempSync(join(folder, 'rocketshop-bench-'));
  const file = openSync(join(home, 'probe'), 'w');
  const block = Buffer.alloc(4096, 'x');
  for (let write = 0; write < PROBE_WRITES; write += 1) {
    const started = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    histogram.record(performance.now() - started);
  }
  closeSync(file);
  rmSync(home, { recursive: true });
  return histogram;
}
