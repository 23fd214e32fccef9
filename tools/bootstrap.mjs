// `npm run demo`, `npm test` and the other commands start here. This program installs and builds what is missing, and then starts
// the command. It is plain JavaScript without dependencies, because it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMMANDS, helpOf, readArguments, UsageError } from './commands.mjs';
import { handOver } from './hand-over.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
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

/** Prints help, or what was wrong in one line, and ends; or returns the arguments for the program. */
function argumentsOrEnd(name, args) {
  if (!Object.hasOwn(COMMANDS, name)) {
    console.error(`unknown command ${JSON.stringify(name)}; known: ${Object.keys(COMMANDS).join(', ')}`);
    process.exit(2);
  }
  try {
    const given = readArguments(name, args, process.env);
    if (given) return given;
    console.log(helpOf(name));
    process.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}; see npm run ${name} -- --help`);
    process.exit(2);
  }
}

requireNode();
const [name = '', ...args] = process.argv.slice(2);
const given = argumentsOrEnd(name, args);
const command = COMMANDS[name];
installWhatIsMissing();
if (command.build) step('Building', process.execPath, ['node_modules/typescript/bin/tsc', '-b']);
handOver([...command.run, ...given], root);
