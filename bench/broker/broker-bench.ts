import { spawnSync } from 'node:child_process';
import { loadavg, platform } from 'node:os';
import { missingJavaTools } from '@rocketshop/shop-testkit';
import { compareMemory, compareRows, compareStarts, comparisonCells } from './comparison.js';
import type { Comparison, Measurement } from './comparison.js';
import { startContender } from './contender.js';
import type { Contender, ContenderName, FlushDiskType } from './contender.js';
import { LoadProcess } from './load-process.js';
import { progressHead, progressLine } from './progress-line.js';
import { ROWS, rowsMatching } from './rows.js';
import type { Extent, Row } from './rows.js';
import { textTable } from '../measure/text-table.js';

export interface BrokerBenchOptions {
  readonly againstApache: boolean;
  readonly extent: Extent;
  /** Phrases, separated by commas. Only rows whose names contain all of them run. */
  readonly filter: string;
  readonly profileDir: string | undefined;
}

export interface BrokerBenchOutcome {
  readonly measurements: readonly (Omit<Measurement, 'row'> & { readonly row: string; readonly loadAverage: number })[];
  readonly comparisons: readonly Comparison[];
  readonly hasFailures: boolean;
}

export async function runBrokerBench(options: BrokerBenchOptions): Promise<BrokerBenchOutcome> {
  const rows = rowsMatching(options.filter);
  if (rows.length === 0)
    throw new Error(`no row matches; the rows are\n  ${ROWS.map(({ name }) => name).join('\n  ')}`);
  if (options.againstApache) requireJava();
  if (platform() !== 'linux')
    console.log('CPU and memory of the brokers are read from /proc: on this system they show as "-".');
  const bench = new BrokerBench(options);
  try {
    await bench.measureStarts();
    console.log(`\n${progressHead()}`);
    for (const flush of ['ASYNC_FLUSH', 'SYNC_FLUSH'] as const) {
      const ofPhase = rows.filter((row) => row.flush === flush);
      if (ofPhase.length > 0) await bench.runPhase(flush, ofPhase);
    }
    return bench.outcome();
  } finally {
    bench.stop();
  }
}

class BrokerBench {
  private readonly load = LoadProcess.start();
  private readonly measurements: Measurement[] = [];
  private readonly loadAverages: number[] = [];
  private readonly starts: Record<ContenderName, number[]> = { ours: [], apache: [] };
  private readonly names: readonly ContenderName[];

  constructor(private readonly options: BrokerBenchOptions) {
    this.names = options.againstApache ? ['ours', 'apache'] : ['ours'];
  }

  /** Starts and stops each empty broker `runs - 1` times. The start for the rows is the last measurement. */
  async measureStarts(): Promise<void> {
    for (let run = 1; run < this.options.extent.runs; run += 1) {
      for (const name of this.names) await (await this.start(name, 'ASYNC_FLUSH')).stop();
    }
  }

  /** Starts all brokers in one flush mode. Only the broker that is measured runs; the others are stopped by SIGSTOP. */
  async runPhase(flush: FlushDiskType, rows: readonly Row[]): Promise<void> {
    const contenders: Contender[] = [];
    try {
      for (const name of this.names) {
        const contender = await this.start(name, flush);
        contenders.push(contender);
        await this.warmUp(contender);
        contender.pause();
      }
      for (const [index, row] of rows.entries()) await this.runRow(row, `Bench${flush}${index}`, contenders);
    } finally {
      for (const contender of contenders) await contender.stop();
    }
  }

  outcome(): BrokerBenchOutcome {
    const comparisons = [
      ...compareRows(this.measurements),
      compareStarts(this.starts.ours, this.starts.apache),
      compareMemory(this.measurements),
    ];
    console.log(`\n${textTable(['row', 'figure', 'ours', 'Apache', 'ratio', ''], comparisons.map(comparisonCells))}`);
    return {
      measurements: this.measurements.map((one, index) => ({
        ...one,
        row: one.row.name,
        loadAverage: this.loadAverages[index] ?? Number.NaN,
      })),
      comparisons,
      hasFailures: this.measurements.some(
        ({ contender, result }) => contender === 'ours' && result.failures.length > 0,
      ),
    };
  }

  stop(): void {
    this.load.stop();
  }

  private async start(name: ContenderName, flush: FlushDiskType): Promise<Contender> {
    const contender = await startContender(name, { flush, load: this.load, profileDir: this.options.profileDir });
    this.starts[name].push(contender.firstStoredMs);
    console.log(`${name}: first message stored ${contender.firstStoredMs.toFixed(0)} ms after the start (${flush})`);
    return contender;
  }

  /** Runs two loads that use the code of all rows, so that V8 and the JVM do not compile it while a row is measured. */
  private async warmUp({ target }: Contender): Promise<void> {
    const { jitWarmUpMs } = this.options.extent;
    for (const header of ['JSON', 'ROCKETMQ'] as const) {
      const common = { kind: 'send', topic: `BenchWarmUp${header}`, bodyBytes: 1024, header, warmUpMs: 0 } as const;
      await this.load.run(target, { ...common, connections: 4, inFlightPerConnection: 16, measureMs: jitWarmUpMs / 3 });
      await this.load.run(target, {
        ...common,
        connections: 10,
        inFlightPerConnection: 100,
        measureMs: jitWarmUpMs / 6,
      });
    }
  }

  /** The brokers take turns, and the first one alternates. A machine that becomes slower then slows both brokers alike. */
  private async runRow(row: Row, topic: string, contenders: readonly Contender[]): Promise<void> {
    for (let run = 1; run <= this.options.extent.runs; run += 1) {
      for (const contender of run % 2 === 1 ? contenders : contenders.toReversed()) {
        contender.resume();
        if (row.needsFill && run === 1) await this.fill(contender, row, topic);
        settleDisk();
        const result = await this.load.run(contender.target, row.load(topic, this.options.extent));
        contender.pause();
        this.report({ row, contender: contender.name, run, result });
      }
    }
  }

  /** Stores the messages of the pull row and reads them once before it counts: the warm-up has only compiled the send path. */
  private async fill({ target, name }: Contender, row: Row, topic: string): Promise<void> {
    const messages = this.options.extent.pullMessages;
    const { failures } = await this.load.run(target, { kind: 'fill', topic, messages, bodyBytes: 1024 });
    if (failures.length > 0) throw new Error(`${name} did not take the messages to pull: ${failures.join('; ')}`);
    await this.load.run(target, row.load(topic, this.options.extent));
  }

  private report(measurement: Measurement): void {
    this.measurements.push(measurement);
    this.loadAverages.push(loadavg()[0] ?? Number.NaN);
    console.log(progressLine(measurement));
  }
}

/** Waits until the writes of one row are on the disk. Otherwise the next row would pay for them. */
function settleDisk(): void {
  if (platform() !== 'win32') spawnSync('sync');
}

function requireJava(): void {
  const missing = missingJavaTools();
  if (missing.length > 0) throw new Error(`--against apache does not run here:\n  ${missing.join('\n  ')}`);
}
