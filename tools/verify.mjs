// `npm test` runs lint, boundaries, dead exports, format, types, unit and end-to-end tests. It runs all of them even when one fails.
// The last line is "N passed, N failed". Each test counts one, and each of the other checks counts one.
// A test that cannot run on this machine (it has no Redis) is listed as not run. With CI set it counts as failed.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const resultsDir = join(root, '.cache/test-results');
const SLOWEST_SHOWN = 8;

const inModules = (path, ...args) => [join('node_modules', path), ...args];
const STATIC_CHECKS = [
  { name: 'lint', args: inModules('oxlint/bin/oxlint', '--type-aware', '--deny-warnings') },
  { name: 'boundaries', args: ['tools/check-boundaries/check-boundaries.mjs'] },
  { name: 'dead exports', args: ['tools/check-exports/check-exports.mjs'] },
  {
    name: 'format',
    args: inModules('prettier/bin/prettier.cjs', '--check', '--cache', '--cache-location', '.cache/prettier', '.'),
  },
  { name: 'types', args: inModules('typescript/bin/tsc', '-b') },
];
/*
 * The checks of a lane run one after the other, and the lanes of a stage run at the same time. The unit tests occupy one core of two,
 * and the static checks the other one. The end-to-end tests start the programs that `types` has built, so they come last.
 * An end-to-end test waits for its programs much of the time, so two files at a time need no third core.
 */
const STAGES = [
  [STATIC_CHECKS, [{ name: 'unit', jestProject: 'unit', workers: Math.max(1, cpus().length - 1) }]],
  [[{ name: 'e2e', jestProject: 'e2e', workers: Math.max(2, cpus().length - 1) }]],
];

/** Runs a program of this repository. @returns its exit code, and what it printed unless `stdio` sends that elsewhere */
function run(args, stdio) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
    child.on('close', (status) => resolve({ status, output }));
  });
}

/** Runs a check that has no tests. It prints nothing when it passes. */
async function runCheck({ name, args }) {
  const { status, output } = await run(args, ['ignore', 'pipe', 'pipe']);
  if (status !== 0) console.log(output.trimEnd());
  return {
    passed: status === 0 ? 1 : 0,
    failed: status === 0 ? 0 : 1,
    failures: status === 0 ? [] : [name],
    notRun: [],
  };
}

async function runTests({ name, jestProject, workers }) {
  const file = join(resultsDir, `${jestProject}.json`);
  rmSync(file, { force: true });
  const options = ['--selectProjects', jestProject, '-w', String(workers), '--json', `--outputFile=${file}`];
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  // Jest writes its JSON to standard output too, but this program reads the file. Progress goes to standard error.
  const { status } = await run(
    [...flags, ...inModules('jest/bin/jest.js', ...options)],
    ['ignore', 'ignore', 'inherit'],
  );
  if (!existsSync(file))
    return { passed: 0, failed: 1, failures: [`${name}: Jest ended without a result`], notRun: [] };
  return summarise(name, status, JSON.parse(readFileSync(file, 'utf8')));
}

function summarise(name, status, results) {
  const failures = [];
  const notRun = [];
  for (const suite of results.testResults) {
    const file = relative(root, suite.name);
    if (suite.status === 'failed' && suite.assertionResults.length === 0) failures.push(`${file}: did not start`);
    for (const { fullName, status: outcome } of suite.assertionResults) {
      if (outcome === 'failed') failures.push(`${file}: ${fullName}`);
      else if (outcome !== 'passed') notRun.push(`${file}: ${fullName}`);
    }
  }
  const missing = process.env.CI ? notRun : [];
  failures.push(...missing);
  if (status !== 0 && failures.length === 0) failures.push(`${name}: Jest exited with ${status}`);
  return {
    passed: results.numPassedTests,
    failed: failures.length,
    failures,
    notRun: process.env.CI ? [] : notRun,
    slowest: slowestOf(results),
  };
}

function slowestOf({ testResults }) {
  const files = testResults.map(({ name, startTime, endTime }) => ({
    file: relative(root, name),
    ms: endTime - startTime,
  }));
  const slowest = files.toSorted((a, b) => b.ms - a.ms).slice(0, SLOWEST_SHOWN);
  return slowest.map(({ file, ms }) => `${(ms / 1000).toFixed(0)} s ${file}`);
}

/** @type {{ passed: number, failed: number, failures: string[], notRun: string[] }} */
const total = { passed: 0, failed: 0, failures: [], notRun: [] };

async function runLane(checks) {
  for (const check of checks) {
    const started = Date.now();
    const result = await (check.jestProject ? runTests(check) : runCheck(check));
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.log(`${result.failed === 0 ? 'ok    ' : 'FAILED'} ${check.name} (${seconds} s)`);
    if (result.slowest) console.log(`       slowest: ${result.slowest.join(', ')}`);
    total.passed += result.passed;
    total.failed += result.failed;
    total.failures.push(...result.failures);
    total.notRun.push(...result.notRun);
  }
}

mkdirSync(resultsDir, { recursive: true });
for (const lanes of STAGES) await Promise.all(lanes.map(runLane));
for (const failure of total.failures) console.log(`failed: ${failure}`);
for (const test of total.notRun) console.log(`not run: ${test}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
