import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.js';
import { makePlan } from './plan.js';

const USAGE = `npm run chaos -- [--seed 1] [--orders 2000] [--pace 140] [--folder <path>]
Breaks a whole shop with two replicas of every service while buyers order, pay and cancel: kills, freezes, vanished peers, crashed
databases, lost answers, repeated messages, long outages. Then it heals everything, and checks that nothing was lost.
  --seed    decides what is broken when, and what each buyer does
  --orders  how many orders are placed
  --pace    milliseconds between two orders
  --folder  keeps the plan, the history and all logs there; the default is a new folder of the system's temporary files
Exit codes: 0 nothing is wrong, 1 something is, 2 the command is not understood.`;

const ORDERS_PER_FAULT = 28;
const VIOLATIONS_SHOWN_MAX = 20;

interface Settings {
  readonly seed: number;
  readonly orders: number;
  readonly pace: number;
  readonly folder: string;
}

/** @returns undefined when the arguments are not understood */
function readSettings(args: string[]): Settings | 'help' | undefined {
  try {
    const text = { type: 'string' } as const;
    const options = { seed: text, orders: text, pace: text, folder: text, help: { type: 'boolean' } } as const;
    const { values } = parseArgs({ args, options });
    if (values.help) return 'help';
    const [seed, orders, pace] = [values.seed ?? '1', values.orders ?? '2000', values.pace ?? '140'].map(Number);
    if (![seed, orders, pace].every((number) => Number.isInteger(number) && Number(number) >= 0)) return undefined;
    if (!orders) return undefined;
    const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'rocketshop-chaos-'));
    return { seed: seed ?? 1, orders, pace: pace ?? 140, folder };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return undefined;
  }
}

/** @returns the exit code */
async function main(args: string[]): Promise<number> {
  const settings = readSettings(args);
  if (settings === undefined || settings === 'help') {
    console.log(USAGE);
    return settings === 'help' ? 0 : 2;
  }
  const { seed, orders, pace, folder } = settings;
  const plan = makePlan({ seed, orders, ordersPerFault: ORDERS_PER_FAULT });
  console.log(`Seed ${seed}: ${orders} orders, ${plan.faults.length} faults. Plan, history and logs are in ${folder}`);
  const result = await runCampaign({ plan, folder, paceMs: pace, onProgress: (text) => console.log(text) });
  const statuses = Object.entries(result.orders).map(([status, count]) => `${count} ${status}`);
  console.log(`${statuses.join(', ')}; ${result.faults} faults, ${result.copies} copies of messages`);
  for (const violation of result.violations.slice(0, VIOLATIONS_SHOWN_MAX)) console.log(`VIOLATED ${violation}`);
  const hidden = result.violations.length - VIOLATIONS_SHOWN_MAX;
  if (hidden > 0) console.log(`and ${hidden} more`);
  console.log(`${result.violations.length} violations with seed ${seed} and ${orders} orders`);
  if (result.violations.length > 0) {
    console.log(`Look in ${folder}: history.jsonl has what buyers saw, logs has each program's lines of an order.`);
    console.log(`Once more: npm run chaos -- --seed ${seed} --orders ${orders} --pace ${pace}`);
  }
  return result.violations.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
