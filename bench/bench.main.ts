/**
 * usage: npm run bench -- broker [--against apache] [--quick] [--rows "SYNC_FLUSH, 1 KiB"] [--runs n] [--profile]
 *        npm run bench -- shop [--quick] [--buyers 16,64] [--seconds n] [--profile]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { stopSpawnedServices } from '@rocketshop/shop-testkit';
import { runBrokerBench } from './broker/broker-bench.js';
import { FULL, QUICK } from './broker/rows.js';
import { describeMachine, machineLines } from './measure/machine.js';
import type { Machine } from './measure/machine.js';
import { runShopBench } from './shop/shop-bench.js';

const USAGE = `usage: npm run bench -- broker [--against apache] [--quick] [--rows "SYNC_FLUSH, 1 KiB"] [--runs n] [--profile]
       npm run bench -- shop [--quick] [--buyers 16,64] [--seconds n] [--profile]`;

/** The folder bench/results; this program runs from bench/dist. */
const results = join(dirname(import.meta.dirname), 'results');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    against: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rows: { type: 'string', default: '' },
    runs: { type: 'string' },
    buyers: { type: 'string' },
    seconds: { type: 'string' },
    profile: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const [what] = positionals;
  if ((what !== 'broker' && what !== 'shop') || (values.against !== undefined && values.against !== 'apache')) {
    console.error(USAGE);
    process.exitCode = 2;
    return;
  }
  const machine = describeMachine(process.argv.slice(2));
  console.log(machineLines(machine));
  endChildrenOnSignal();
  const profileDir = values.profile ? join(results, 'profile') : undefined;
  const outcome = what === 'broker' ? await benchBroker(profileDir) : await benchShop(profileDir);
  console.log(`\nwritten to ${write(what, machine, outcome)}`);
  if (outcome.hasFailures) process.exitCode = 1;
}

/** A signal in the middle of a run must not leave the started programs behind. */
function endChildrenOnSignal(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void stopSpawnedServices().finally(() => process.exit(130)));
  }
}

function benchBroker(profileDir: string | undefined) {
  const extent = values.quick ? QUICK : FULL;
  return runBrokerBench({
    againstApache: values.against === 'apache',
    extent: { ...extent, ...(values.runs === undefined ? {} : { runs: Number(values.runs) }) },
    filter: values.rows,
    profileDir,
  });
}

function benchShop(profileDir: string | undefined) {
  return runShopBench({
    buyers: (values.buyers ?? (values.quick ? '16' : '16,64')).split(',').map(Number),
    warmUpOrders: values.quick ? 50 : 5_000,
    warmUpMsMax: 90_000,
    measureMs: Number(values.seconds ?? (values.quick ? 3 : 20)) * 1_000,
    profileDir,
  });
}

function write(what: string, machine: Machine, outcome: object): string {
  mkdirSync(results, { recursive: true });
  const file = join(results, `${what}-${machine.startedAt.replaceAll(':', '')}.json`);
  writeFileSync(file, `${JSON.stringify({ machine, ...outcome }, null, 2)}\n`);
  return file;
}

await main();
