// Jest's runner for the end-to-end tests. Jest loads every module of a file anew into a vm context, which costs 5 s of processor time
// for a file that uses Nest and TypeORM. This runner starts a plain Node process for each file instead: Node's own loader needs
// less than a second, the code is the compiled code that is shipped, and nothing that a file leaves behind reaches the next file.
import { fork, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { formatResultsErrors } from 'jest-message-util';

/** No file takes this long. A file whose imports never end would otherwise stop the run for ever. */
const FILE_LIMIT_MS = 15 * 60_000;
const program = join(import.meta.dirname, 'run-test-file.js');

export default class NativeRunner {
  constructor(globalConfig) {
    this.globalConfig = globalConfig;
  }

  async runTests(tests, watcher, onStart, onResult, onFailure, { serial }) {
    compile(this.globalConfig.rootDir);
    const waiting = [...tests];
    const work = async () => {
      for (let test = waiting.shift(); test && !watcher.isInterrupted(); test = waiting.shift()) {
        await onStart(test);
        try {
          await onResult(test, await this.run(test));
        } catch (error) {
          await onFailure(test, error);
        }
      }
    };
    const workers = serial ? 1 : this.globalConfig.maxWorkers;
    await Promise.all(Array.from({ length: workers }, work));
  }

  async run({ path, context: { config } }) {
    const start = Date.now();
    const { testResults, unhandledErrors } = await report(compiledFile(path, config.rootDir), this.globalConfig);
    const end = Date.now();
    if (unhandledErrors.length > 0) throw toError(unhandledErrors.join('\n\n'));
    const results = testResults.map(toAssertionResult);
    const count = (status) => results.filter((result) => result.status === status).length;
    return {
      testFilePath: path,
      testResults: results,
      failureMessage: formatResultsErrors(results, config, this.globalConfig, path),
      numPassingTests: count('passed'),
      numFailingTests: count('failed'),
      numPendingTests: count('pending'),
      numTodoTests: count('todo'),
      displayName: config.displayName,
      perfStats: { start, end, runtime: end - start, slow: end - start > config.slowTestThreshold * 1000 },
      snapshot: { added: 0, fileDeleted: false, matched: 0, unchecked: 0, uncheckedKeys: [], unmatched: 0, updated: 0 },
      leaks: false,
      openHandles: [],
      skipped: false,
    };
  }
}

/** Compiles what has changed, so that nobody runs an old version of a test that he has just edited. */
function compile(root) {
  const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw toError(`tsc -b failed, and the end-to-end tests run from its output:\n${stdout}`);
  replaceJestGlobals(root);
}

/**
 * `@jest/globals` refuses to be imported outside of Jest's own runner. The compiled tests find this package before that one. A hook of
 * Node's module loader could replace it too, but a hook doubles the time that a file's imports take.
 */
function replaceJestGlobals(root) {
  const folder = join(root, 'test/dist/node_modules/@jest/globals');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', main: 'index.js' }));
  const globals = pathToFileURL(join(import.meta.dirname, 'globals.js')).href;
  writeFileSync(join(folder, 'index.js'), `export * from ${JSON.stringify(globals)};\n`);
}

function compiledFile(path, root) {
  const file = join(root, 'test/dist', relative(join(root, 'test'), path).replace(/\.ts$/, '.js'));
  if (!existsSync(file)) throw toError(`${file} is missing: is ${path} part of test/tsconfig.json?`);
  return file;
}

/** Runs a file in a process of its own. @returns what jest-circus says about it */
function report(file, { testNamePattern }) {
  return new Promise((resolve, reject) => {
    const child = fork(program, [file, testNamePattern ?? ''], {
      execArgv: ['--enable-source-maps', '--disable-warning=ExperimentalWarning'],
      // Standard output belongs to Jest, which may write JSON to it.
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    let results;
    const limit = setTimeout(() => child.kill('SIGKILL'), FILE_LIMIT_MS);
    child.once('message', (message) => (results = message));
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(limit);
      if (results?.loadError) reject(toError(results.loadError));
      else if (results) resolve(results);
      else reject(toError(`the process of ${file} ended with ${signal ?? code} before it had results`));
    });
  });
}

/** Jest prints the stack, which for an error of this file says nothing. */
const toError = (text) => Object.assign(new Error(text), { stack: text });

/** @see jestAdapterInit.ts of jest-circus, which does the same for Jest's own runner */
function toAssertionResult({ testPath, status, errors, ...result }) {
  const [, ...names] = testPath;
  return {
    ...result,
    ancestorTitles: names.slice(0, -1),
    title: names.at(-1),
    fullName: names.join(' '),
    status: status === 'skip' ? 'pending' : errors.length > 0 ? 'failed' : status === 'todo' ? 'todo' : 'passed',
    failureMessages: errors,
    failureDetails: [],
    numPassingAsserts: 0,
  };
}
