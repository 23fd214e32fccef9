// `npm run demo`, `npm test` and the other commands start here. This program installs and builds what is missing, and then starts
// the command. It is plain JavaScript without dependencies, because it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];

/** The program of each command. It runs when the project is installed and, with `build`, built. */
const COMMANDS = {
  test: { run: ['tools/verify.mjs'], build: false },
  e2e: { run: [...jest, '--selectProjects', 'e2e', '--'], build: true },
  long: { run: [...jest, '--selectProjects', 'long', '--'], build: true },
  demo: { run: ['tools/dist/demo/demo.main.js'], build: true },
  invariants: { run: ['tools/dist/invariants/invariants.main.js'], build: true },
  wait: { run: ['tools/dist/wait/wait.main.js'], build: true },
  compat: { run: ['test/dist/compat/compat.main.js'], build: true },
  crash: { run: ['test/dist/crash/crash.main.js'], build: true },
  bench: { run: ['bench/dist/bench.main.js'], build: true },
};

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`Node ${process.versions.node} is too old: Rocketshop needs Node 20.19 or newer.`);
  process.exit(1);
}

function step(title, command, args) {
  const started = Date.now();
  process.stdout.write(`${title} ... `);
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
  if (result.status !== 0) {
    console.log('failed');
    console.error(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}`.trimEnd());
    process.exit(1);
  }
  console.log(`${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function installWhatIsMissing() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules/.rocketshop-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  step('Installing packages (once, well under a minute)', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
}

function handOver(args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  // Ctrl-C reaches the whole process group. This process waits until the child has stopped what it started.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

requireNode();
const [name = '', ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (!command) {
  console.error(`unknown command ${JSON.stringify(name)}; known: ${Object.keys(COMMANDS).join(', ')}`);
  process.exit(2);
}
installWhatIsMissing();
if (command.build) step('Building', process.execPath, ['node_modules/typescript/bin/tsc', '-b']);
handOver([...command.run, ...args]);
