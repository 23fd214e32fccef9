import { readFileSync, readdirSync } from 'node:fs';

/** `sysconf(_SC_CLK_TCK)`: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** The fields of /proc/<pid>/stat that the benchmarks need. */
export interface ProcessStat {
  readonly parentPid: number;
  /** User and system time of all threads, s, in steps of 10 ms. */
  readonly cpuSeconds: number;
  /** The same time of the children that have ended and whose parent has waited for them. */
  readonly endedChildrenCpuSeconds: number;
}

/** Counts the fields behind the name, which stands in parentheses and may contain any character. Source: proc(5). */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    parentPid: field(4),
    cpuSeconds: (field(14) + field(15)) / TICKS_PER_SECOND,
    endedChildrenCpuSeconds: (field(16) + field(17)) / TICKS_PER_SECOND,
  };
}

/** The value of a line such as `RssAnon:  12345 kB` of /proc/<pid>/status, MiB. NaN without such a line. */
export function parseStatusMiB(text: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
  return match ? Number(match[1]) / 1024 : Number.NaN;
}

/** CPU time of a process until now, s. NaN without such a process, and on a system without /proc (all but Linux). */
export function cpuSecondsOf(pid: number): number {
  return readStat(pid)?.cpuSeconds ?? Number.NaN;
}

/** CPU time of a process and its children, s: PostgreSQL has a process for each connection. */
export function cpuSecondsOfTree(pid: number): number {
  const stat = readStat(pid);
  if (!stat) return Number.NaN;
  const children = processIds().filter((child) => readStat(child)?.parentPid === pid);
  const ofChildren = children
    .map((child) => readStat(child)?.cpuSeconds ?? 0)
    .reduce((sum, seconds) => sum + seconds, 0);
  return stat.cpuSeconds + stat.endedChildrenCpuSeconds + ofChildren;
}

/** Resident memory without mapped files, MiB: the page cache of a mapped log is not the broker's memory. Linux only. */
export function anonymousMemoryMiB(pid: number): number {
  try {
    return parseStatusMiB(readFileSync(`/proc/${pid}/status`, 'utf8'), 'RssAnon');
  } catch {
    return Number.NaN;
  }
}

function readStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}
