import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');

const plain = (specifier: string) => `import '${specifier}';`;
const typeOnly = (specifier: string) => `export type * from '${specifier}';`;
const multiLine = (specifier: string) => `import {\n  anything,\n} from '${specifier}';`;
const dynamic = (specifier: string) => `await import('${specifier}');`;

/** Each wrong import, where it is planted, and what the lint says of it. */
const FORBIDDEN = [
  ['an engine that imports a client', 'libs/mq-broker/src/index.ts', multiLine('@rocketshop/mq-client'), 'must not'],
  ['a client that imports an engine', 'libs/mq-client/src/index.ts', typeOnly('@rocketshop/mq-broker'), 'must not'],
  ['a kit that imports the transport', 'libs/outbox/src/index.ts', dynamic('@rocketshop/mq-nest'), 'must not'],
  ['an app that imports another app', 'apps/order/src/main.ts', plain('@rocketshop/stock'), 'must not'],
  ['an app that imports the client', 'apps/order/src/main.ts', plain('@rocketshop/mq-client'), 'must not'],
  ['an app that imports the testkit', 'apps/order/src/main.ts', plain('@rocketshop/shop-testkit'), 'must not'],
  ['a deep import', 'apps/order/src/main.ts', plain('@rocketshop/contracts/src/money.js'), 'past an entry point'],
  ['a relative import that leaves', 'apps/order/src/main.ts', plain('../../stock/src/index.js'), 'leaves the project'],
  [
    'product code on a testing entry',
    'apps/order/src/main.ts',
    plain('@rocketshop/mq-nest/testing'),
    'specs and test/ only',
  ],
  ['an undeclared package', 'libs/contracts/src/index.ts', plain('lodash'), 'is not in libs/contracts/package.json'],
  ['a store that knows a socket', 'libs/mq-broker/src/store/index.ts', plain('node:net'), 'knows no socket'],
  [
    'a name server that knows the store',
    'libs/mq-broker/src/nameserver/index.ts',
    plain('../store/index.js'),
    'neither',
  ],
] as const;

describe('import boundaries', () => {
  let copy: string;

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'rocketshop-boundaries-'));
    const skip = new Set(['node_modules', 'dist', 'coverage', '.cache']);
    for (const entry of ['apps', 'libs', 'examples', 'bench', 'test', 'tools', 'tsconfig.json']) {
      cpSync(join(root, entry), join(copy, entry), { recursive: true, filter: (path) => !skip.has(basename(path)) });
    }
  });

  afterEach(() => rmSync(copy, { recursive: true, force: true }));

  const lint = () =>
    spawnSync(process.execPath, [join(root, 'tools/check-boundaries/check-boundaries.mjs'), copy], {
      encoding: 'utf8',
    });

  it('hold in the repository as it is', () => {
    const { status, stderr } = lint();
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it.each(FORBIDDEN)('refuse %s', (_what, file, statement, says) => {
    appendFileSync(join(copy, file), `\n${statement}\n`);
    const { status, stderr } = lint();
    expect(status).toBe(1);
    expect(stderr).toContain(file);
    expect(stderr).toContain(says);
  });
});
