import { describe, expect, it } from '@jest/globals';
import { repositoryRoot } from '@rocketshop/shop-testkit';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { scripts } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
/** The commands of package.json that people type, besides those that hand over to one tool: build, lint, format and jest. */
const commands = Object.entries(scripts)
  .filter(([, line]) => line.startsWith('node tools/bootstrap.mjs'))
  .map(([name]) => name);

/** Starts a command as npm does. None of these calls gets as far as installing, building or running something. */
function type(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['tools/bootstrap.mjs', command, ...args], {
    cwd: repositoryRoot,
    env,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, stdout, stderr };
}

it('package.json names each command of the table under its own name', () => {
  expect(commands).toEqual(expect.arrayContaining(['test', 'e2e', 'test:long', 'demo', 'compat', 'crash', 'bench']));
  expect(commands).toEqual(expect.arrayContaining(['invariants', 'wait', 'docs:graph', 'docs:protocol']));
  for (const name of commands) expect(scripts[name]).toBe(`node tools/bootstrap.mjs ${name}`);
  const own = Object.entries(scripts).filter(
    ([, line]) => /dist\/|\.mjs/.test(line) && !line.includes('bootstrap.mjs'),
  );
  expect(own.map(([name]) => name)).toEqual(['lint']);
});

describe.each(commands)('npm run %s', (name) => {
  it('explains itself', () => {
    const { status, stdout } = type(name, ['--help']);
    expect({ name, status }).toEqual({ name, status: 0 });
    expect(stdout).toMatch(new RegExp(`^usage: npm run ${name}\\b`));
  });

  it('refuses in one line what it does not know', () => {
    const { status, stdout, stderr } = type(name, ['--no-such-option']);
    expect({ name, status, stdout }).toEqual({ name, status: 2, stdout: '' });
    expect(stderr).toMatch(/^.*--no-such-option.*see npm run .* -- --help\n$/);
  });
});

it.each([
  ['wait', ['now'], 'unknown "now"'],
  ['demo', ['--time-scale', 'soon'], '--time-scale must be a number greater than 0, but is "soon"'],
  ['demo', ['--time-scale', '0'], '--time-scale must be a number greater than 0'],
  ['demo', ['--time-scale'], '--time-scale'],
  ['bench', [], 'say broker or shop'],
  ['bench', ['brokr'], 'unknown "brokr"; known: broker, shop'],
  ['bench', ['shop', '--buyers', '16,many'], '--buyers must be numbers with commas between'],
  ['compat', ['java-6'], 'unknown "java-6"; known: java-5.5.0'],
])('npm run %s -- %j is refused', (name, args, problem) => {
  const { status, stderr } = type(name, args);
  expect(status).toBe(2);
  expect(stderr).toContain(problem);
});

it('an option that npm has kept for itself is understood: npm run demo --once', async () => {
  const table = (await import(join(repositoryRoot, 'tools/commands.mjs'))) as {
    readArguments(name: string, args: readonly string[], environment: object): string[];
  };
  expect(table.readArguments('demo', [], { npm_config_once: 'true', npm_config_time_scale: '30' })).toEqual([
    '--once',
    '--time-scale',
    '30',
  ]);
  expect(table.readArguments('demo', ['--once'], { npm_config_once: 'true' })).toEqual(['--once']);
  expect(type('demo', [], { npm_config_time_scale: 'true' }).stderr).toContain('--time-scale must be a number');
  expect(table.readArguments('e2e', ['-t', 'a story', 'flow/x'], {}).slice(-5)).toEqual([
    'a story',
    '--selectProjects',
    'e2e',
    '--',
    'flow/x',
  ]);
});
