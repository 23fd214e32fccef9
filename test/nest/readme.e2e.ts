import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startBroker } from '@rocketshop/mq-broker';
import type { BrokerHandle } from '@rocketshop/mq-broker';
import { transform } from '@swc/core';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot as root, until } from '@rocketshop/shop-testkit';

const LINES_MAX = 20;

let broker: BrokerHandle;
let folder: string;
let child: ChildProcess | undefined;

beforeAll(async () => {
  broker = await startBroker();
  // The file is inside the repository, so that Node finds the packages.
  await mkdir(join(root, '.cache'), { recursive: true });
  folder = await mkdtemp(join(root, '.cache', 'readme-'));
});
afterAll(async () => {
  if (child?.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
  await broker.close();
});

async function firstExample(): Promise<string> {
  const readme = await readFile(join(root, 'libs/mq-nest/README.md'), 'utf8');
  const [, example] = /```ts\n([^]*?)```/.exec(readme) ?? [];
  if (example === undefined) throw new Error('the README begins with no example');
  return example;
}

it('the first example of the README runs unchanged, and stops on SIGTERM', async () => {
  const example = await firstExample();
  expect(example.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(LINES_MAX);
  const { code } = await transform(example, {
    swcrc: false,
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
    module: { type: 'es6' },
  });
  const file = join(folder, 'example.mjs');
  await writeFile(file, code);

  let output = '';
  const started = spawn(process.execPath, [file], {
    env: { PATH: process.env['PATH'], NAMESRV_ADDR: broker.namesrvAddr },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = started;
  for (const stream of [started.stdout, started.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const exited = new Promise<unknown>((resolve) => started.once('exit', (code, signal) => resolve(signal ?? code)));

  await until(() => output.includes('Hello Ada') || started.exitCode !== null, { timeoutMs: 20_000 });
  expect(output).toContain('Hello Ada');
  started.kill('SIGTERM');
  expect(await exited).toBe('SIGTERM');
}, 30_000);
