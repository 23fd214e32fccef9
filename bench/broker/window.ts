import { anonymousMemoryMiB, cpuSecondsOf } from '../measure/process-usage.js';
import type { LoadResult } from './load-protocol.js';

export type WindowUsage = Pick<
  LoadResult,
  'seconds' | 'loadCpu' | 'brokerCpu' | 'brokerMicrosPerMessage' | 'anonymousMiB'
>;

/** The measured time. It reads the CPU of both processes at its beginning and at its end. */
export class MeasuredWindow {
  private readonly startedMs = performance.now();
  private readonly loadCpu = process.cpuUsage();
  private readonly brokerCpuSeconds: number;

  constructor(private readonly brokerPid: number) {
    this.brokerCpuSeconds = cpuSecondsOf(brokerPid);
  }

  end(messages: number): WindowUsage {
    const seconds = (performance.now() - this.startedMs) / 1000;
    const { user, system } = process.cpuUsage(this.loadCpu);
    const brokerSeconds = cpuSecondsOf(this.brokerPid) - this.brokerCpuSeconds;
    return {
      seconds,
      loadCpu: (user + system) / 1e6 / seconds,
      brokerCpu: brokerSeconds / seconds,
      brokerMicrosPerMessage: (brokerSeconds * 1e6) / messages,
      anonymousMiB: anonymousMemoryMiB(this.brokerPid),
    };
  }
}

/** Counts the first five reasons and ignores other ones: a broker that refuses one request refuses thousands. */
export class Failures {
  private readonly counts = new Map<string, number>();

  add(reason: string): void {
    if (this.counts.size < 5 || this.counts.has(reason)) this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
  }

  list(): string[] {
    return [...this.counts].map(([reason, count]) => `${count} x ${reason}`);
  }
}
