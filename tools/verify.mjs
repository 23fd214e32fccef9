// `npm test` runs lint, boundaries, dead exports, format, types, unit and end-to-end tests in that order. It runs all of them even when one fails.
// The last line is "N passed, N failed". Each test counts one, and each of the other checks counts one.
// A test that cannot run on this machine (it has no Redis) is listed as not run. With CI set it counts as failed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const resultsDir = join(root, '.cache/test-results');

const inModules = (path, ...args) => [join('node_modules', path), ...args];
const CHECKS = [
  { name: 'lint', args: inModules('oxlint/bin/oxlint', '--type-aware', '--deny-warnings') },
  { name: 'boundaries', args: ['tools/check-boundaries/check-boundaries.mjs'] },
  { name: 'dead exports', args: ['tools/check-exports/check-exports.mjs'] },
  {
    name: 'format',
    args: inModules('prettier/bin/prettier.cjs', '--check', '--cache', '--cache-location', '.cache/prettier', '.'),
  },
  { name: 'types', args: inModules('typescript/bin/tsc', '-b') },
  { name: 'unit', jestProject: 'unit' },
  { name: 'e2e', jestProject: 'e2e' },
];

/** Runs a check that has no tests. It prints nothing when it passes. */
function runCheck({ name, args }) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) console.log(`${stdout}${stderr}`.trimEnd());
  return {
    passed: status === 0 ? 1 : 0,
    failed: status === 0 ? 0 : 1,
    failures: status === 0 ? [] : [name],
    notRun: [],
  };
}

function runTests({ name, jestProject }) {
  const output = join(resultsDir, `${jestProject}.json`);
  rmSync(output, { force: true });
  const jest = inModules('jest/bin/jest.js', '--selectProjects', jestProject, '--json', `--outputFile=${output}`);
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  // Jest writes its JSON to standard output too, but this program reads the file. Progress goes to standard error.
  const { status } = spawnSync(process.execPath, [...flags, ...jest], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (!existsSync(output))
    return { passed: 0, failed: 1, failures: [`${name}: Jest ended without a result`], notRun: [] };
  return summarise(name, status, JSON.parse(readFileSync(output, 'utf8')));
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
  return { passed: results.numPassedTests, failed: failures.length, failures, notRun: process.env.CI ? [] : notRun };
}

mkdirSync(resultsDir, { recursive: true });
/** @type {{ passed: number, failed: number, failures: string[], notRun: string[] }} */
const total = { passed: 0, failed: 0, failures: [], notRun: [] };
for (const check of CHECKS) {
  const started = Date.now();
  const result = check.jestProject ? runTests(check) : runCheck(check);
  console.log(
    `${result.failed === 0 ? 'ok    ' : 'FAILED'} ${check.name} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
  );
  total.passed += result.passed;
  total.failed += result.failed;
  total.failures.push(...result.failures);
  total.notRun.push(...result.notRun);
}
for (const failure of total.failures) console.log(`failed: ${failure}`);
for (const test of total.notRun) console.log(`not run: ${test}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
