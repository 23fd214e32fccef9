import { spawnSync } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repositoryRoot as root } from '@rocketshop/shop-testkit';
import { copyRepository } from './copy-repository.js';

/** Each dead export, where it is planted, and the name that the lint gives. */
const DEAD = [
  [
    'a function that only its own file calls',
    'apps/order/src/domain/order-status.ts',
    'export const planted = 1;',
    'planted',
  ],
  [
    'a type that only its own file names',
    'apps/stock/src/main.ts',
    'export interface PlantedType { a: 1 }',
    'PlantedType',
  ],
  ["a value at a library's entry point", 'libs/outbox/src/index.ts', 'export const plantedValue = 1;', 'plantedValue'],
  ["a type at a library's entry point", 'libs/outbox/src/index.ts', 'export type PlantedName = 1;', 'PlantedName'],
  ["a value at an application's entry point", 'apps/user/src/index.ts', 'export const plantedUser = 1;', 'plantedUser'],
  ['a file that nothing imports', 'apps/pay/src/planted.ts', 'export const nobody = 1;', 'the file'],
] as const;

const lint = (repository: string) =>
  spawnSync(process.execPath, [join(root, 'tools/check-exports/check-exports.mjs'), repository], { encoding: 'utf8' });

// That the repository as it is has none is a check of its own in `npm test`.
describe('dead exports', () => {
  let copy: string;
  let refused: string[];

  // The lint reads the whole repository, so that one run finds every planted export.
  beforeAll(() => {
    copy = copyRepository();
    for (const [, file, statement] of DEAD) appendFileSync(join(copy, file), `\n${statement}\n`);
    appendFileSync(join(copy, 'libs/outbox/src/index.ts'), '\nexport const plantedInReadme = 1;\n');
    appendFileSync(join(copy, 'libs/outbox/README.md'), '\n`plantedInReadme` is for applications.\n');
    const result = lint(copy);
    expect(result.status).toBe(1);
    refused = result.stderr.split('\n');
  });

  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it.each(DEAD)('the lint refuses %s', (_what, file, _statement, name) => {
    expect(refused.filter((line) => line.startsWith(file)).join('\n')).toContain(`${name} is never imported`);
  });

  it("the lint accepts what a library's README names", () => {
    expect(refused.filter((line) => line.includes('plantedInReadme'))).toEqual([]);
  });
});
