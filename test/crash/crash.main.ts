import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cutEveryByte, flipEveryField, makeStore } from './damaged-logs.js';
import type { DamageResult } from './damaged-logs.js';
import { runKillRounds } from './kill-rounds.js';
import { runOwnerRounds } from './owner-rounds.js';
import { PLANTED_FAULTS, findBlindSpots } from './planted-faults.js';

const DAMAGED_RECORDS = 200;
const VIOLATIONS_SHOWN_MAX = 10;

interface Row {
  test: string;
  figures: string;
  violations: string[];
}

const USAGE = `npm run crash -- [--rounds 50] [--producers 4] [--keep folder]
Kills a broker process under load, tears and flips its log, does what its owner does, and checks that nothing acknowledged is lost.
  --rounds     kills, and rounds of acts of the owner, in each flush mode
  --producers  connections that send, 16 requests under way on each
  --keep       keeps stores and histories there instead of removing them`;

/** @returns the exit code: 0 when no promise was broken */
async function runCrash(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '50' },
      producers: { type: 'string', default: '4' },
      keep: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  const producers = Number(values.producers);
  if (values.help || !(rounds >= 1) || !(producers >= 1)) {
    console.log(USAGE);
    return values.help ? 0 : 1;
  }
  const directory = values.keep ?? mkdtempSync(join(tmpdir(), 'rocketshop-crash-'));
  mkdirSync(directory, { recursive: true });
  try {
    const rows = [
      testCheckers(),
      ...(await testDamage(directory)),
      ...(await testKills(directory, rounds, producers)),
      ...(await testOwner(directory, rounds)),
    ];
    print(rows);
    return rows.every(({ violations }) => violations.length === 0) ? 0 : 1;
  } finally {
    if (values.keep === undefined) rmSync(directory, { recursive: true, force: true });
    else console.log(`Stores and histories are in ${directory}.`);
  }
}

function testCheckers(): Row {
  console.log('Planting faults for the checkers ...');
  return { test: 'the checkers themselves', figures: `${PLANTED_FAULTS} planted faults`, violations: findBlindSpots() };
}

async function testDamage(directory: string): Promise<Row[]> {
  console.log('Damaging logs ...');
  const small = join(directory, 'torn');
  const large = join(directory, 'flipped');
  const smallPlaces = await makeStore(small, 10);
  const largePlaces = await makeStore(large, 2 * DAMAGED_RECORDS + 2);
  return [
    asRow(await cutEveryByte(small, smallPlaces)),
    asRow(await flipEveryField(large, largePlaces, DAMAGED_RECORDS, true)),
    asRow(await flipEveryField(large, largePlaces, DAMAGED_RECORDS, false)),
  ];
}

function asRow({ name, cases, violations }: DamageResult): Row {
  return { test: name, figures: `${cases} cases`, violations };
}

async function testKills(directory: string, rounds: number, producers: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const flushDiskType of ['SYNC_FLUSH', 'ASYNC_FLUSH'] as const) {
    console.log(`Killing a broker ${rounds} times under load, ${flushDiskType} ...`);
    const result = await runKillRounds({ rounds, producers, flushDiskType, directory: join(directory, flushDiskType) });
    rows.push({
      test: `kill -9 under load, ${flushDiskType}`,
      figures:
        `${result.kills} kills, ${result.acknowledged} acknowledged, ${result.read} read back, ` +
        `${result.unanswered} unanswered (${result.unansweredButStored} of them stored), restart ${result.restartMsMedian} ms`,
      violations: result.violations,
    });
  }
  return rows;
}

async function testOwner(directory: string, rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const flushDiskType of ['SYNC_FLUSH', 'ASYNC_FLUSH'] as const) {
    console.log(`Acting as the owner of a broker ${rounds} times, ${flushDiskType} ...`);
    const result = await runOwnerRounds({
      rounds,
      flushDiskType,
      directory: join(directory, `owner-${flushDiskType}`),
    });
    rows.push({
      test: `acts of the owner, ${flushDiskType}`,
      figures: `${rounds} rounds, ${result.acknowledged} acknowledged, ${result.deletions} deletions of the topic`,
      violations: result.violations,
    });
  }
  return rows;
}

function print(rows: readonly Row[]): void {
  const width = Math.max(...rows.map(({ test }) => test.length));
  console.log('');
  for (const { test, figures, violations } of rows) {
    console.log(`${violations.length === 0 ? 'ok  ' : 'FAIL'}  ${test.padEnd(width)}  ${figures}`);
    for (const violation of violations.slice(0, VIOLATIONS_SHOWN_MAX)) console.log(`        ${violation}`);
    if (violations.length > VIOLATIONS_SHOWN_MAX)
      console.log(`        and ${violations.length - VIOLATIONS_SHOWN_MAX} more`);
  }
}

process.exitCode = await runCrash(process.argv.slice(2));
