import { spawnSync } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repositoryRoot as root } from '@rocketshop/shop-testkit';
import { copyRepository } from './copy-repository.js';

const plain = (specifier: string) => `import '${specifier}';`;
const typeOnly = (specifier: string) => `export type * from '${specifier}';`;
const multiLine = (specifier: string) => `import {\n  anything,\n} from '${specifier}';`;
const dynamic = (specifier: string) => `await import('${specifier}');`;

/** Each wrong import, where it is planted, what it leads to, and what the lint says of it. */
const FORBIDDEN = [
  [
    'an engine that imports a client',
    'libs/mq-broker/src/index.ts',
    multiLine('@rocketshop/mq-client'),
    'libs/mq-client/src/index.ts',
    'must not',
  ],
  [
    'a client that imports an engine',
    'libs/mq-client/src/index.ts',
    typeOnly('@rocketshop/mq-broker'),
    'libs/mq-broker/src/index.ts',
    'must not',
  ],
  [
    'a kit that imports the transport',
    'libs/outbox/src/index.ts',
    dynamic('@rocketshop/mq-nest'),
    'libs/mq-nest/src/index.ts',
    'must not',
  ],
  [
    'an app that imports another app',
    'apps/order/src/main.ts',
    plain('@rocketshop/stock'),
    'apps/stock/src/index.ts',
    'must not',
  ],
  [
    'an app that imports the client',
    'apps/order/src/main.ts',
    plain('@rocketshop/mq-client'),
    'libs/mq-client/src/index.ts',
    'must not',
  ],
  [
    'an app that imports the testkit',
    'apps/order/src/main.ts',
    plain('@rocketshop/shop-testkit'),
    'libs/shop-testkit/src/index.ts',
    'must not',
  ],
  [
    'a deep import',
    'apps/order/src/main.ts',
    plain('@rocketshop/contracts/src/money.js'),
    '@rocketshop/contracts/src/money.js',
    'past an entry point',
  ],
  [
    'a relative import that leaves',
    'apps/order/src/main.ts',
    plain('../../stock/src/index.js'),
    'apps/stock/src/index.ts',
    'leaves the project',
  ],
  [
    'product code on a testing entry',
    'apps/order/src/main.ts',
    plain('@rocketshop/mq-nest/testing'),
    'libs/mq-nest/src/testing/index.ts',
    'specs and test/ only',
  ],
  [
    'an unknown package',
    'libs/contracts/src/index.ts',
    plain('lodash'),
    'lodash',
    'is not in libs/contracts/package.json',
  ],
  [
    'an undeclared package',
    'libs/contracts/src/index.ts',
    plain('ioredis'),
    'node_modules/ioredis/',
    'is not in libs/contracts/package.json',
  ],
  ['a store that knows a socket', 'libs/mq-broker/src/store/index.ts', plain('node:net'), 'net', 'knows no socket'],
  [
    'a name server that knows the store',
    'libs/mq-broker/src/nameserver/index.ts',
    plain('../store/index.js'),
    'libs/mq-broker/src/store/index.ts',
    'neither',
  ],
  [
    'a circle of type imports',
    'libs/contracts/src/money.ts',
    typeOnly('./index.js'),
    'libs/contracts/src/index.ts',
    'circle of imports',
  ],
] as const;

const lint = (repository: string) =>
  spawnSync(process.execPath, [join(root, 'tools/check-boundaries/check-boundaries.mjs'), repository], {
    encoding: 'utf8',
  });

describe('import boundaries', () => {
  let copy: string;
  let status: number | null;
  let refused: string[];

  // The lint reads the whole repository, so that one run finds every planted import.
  beforeAll(() => {
    copy = copyRepository();
    for (const [, file, statement] of FORBIDDEN) appendFileSync(join(copy, file), `\n${statement}\n`);
    const result = lint(copy);
    status = result.status;
    refused = result.stderr.split('\n');
  });

  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it('hold in the repository as it is', () => {
    const clean = lint(root);
    expect(clean.stderr).toBe('');
    expect(clean.status).toBe(0);
  });

  it('fail the lint when one is crossed', () => {
    expect(status).toBe(1);
  });

  it.each(FORBIDDEN)('refuse %s', (_what, file, _statement, target, says) => {
    const about = refused.filter((line) => line.includes(`${file} -> `) && line.includes(target));
    expect(about.join('\n')).toContain(says);
  });

  it('are drawn in docs/architecture.md as they are', () => {
    const graph = [join(root, 'tools/check-boundaries/dependency-graph.mjs'), '--check'];
    expect(spawnSync(process.execPath, graph, { encoding: 'utf8' }).stderr).toBe('');
  });
});
