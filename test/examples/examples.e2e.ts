import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repositoryRoot as root, startPostgres } from '@rocketshop/shop-testkit';
import type { TestPostgres } from '@rocketshop/shop-testkit';

const run = promisify(execFile);
const examples = join(root, 'examples');

const OUTPUT: Readonly<Record<string, string[]>> = {
  'send-and-consume': [
    'sent order 1: SEND_OK',
    'sent order 2: SEND_OK',
    'sent order 3: SEND_OK',
    'consumed order 1, order 3',
  ],
  'delay-and-retry': [
    'attempt 1, redelivered 0 times',
    'attempt 2, redelivered 1 times',
    'attempt 3, redelivered 2 times',
    'attempt 4, redelivered 3 times',
    'in the dead letter queue: pay order 1',
  ],
  participant: [
    'ada: DEDUCTED, again: DEDUCTED, free: 1',
    'grace: SOLD_OUT',
    'ada cancels twice, free: 3, ada once more: FENCED',
    'linus, after a cancel that came first: FENCED',
  ],
  'ordered-by-key': [
    'order-1: created -> paid -> shipped',
    'order-2: created -> paid -> shipped',
    'order-3: created -> paid -> shipped',
  ],
};

/** An example that needs a database gets an empty one. */
let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());

/** The examples that a README shows, word for word. */
const SHOWN = { participant: 'libs/participant/README.md' } as const;

it.each(Object.entries(SHOWN))('%s is the example of %s', async (name, readme) => {
  const [, shown] = /```ts\n([^]*?)```/.exec(await readFile(join(root, readme), 'utf8')) ?? [];
  expect(shown).toBe(await readFile(join(examples, name, 'src/main.ts'), 'utf8'));
});

describe('every example', () => {
  it('has its output told here', () => {
    const folders = readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).toSorted()).toEqual(Object.keys(OUTPUT).toSorted());
  });

  it.each(Object.entries(OUTPUT))(
    '%s runs as built, and ends by itself',
    async (name, lines) => {
      const env = { ...process.env, DATABASE_URL: await postgres.createDatabase() };
      const { stdout } = await run(process.execPath, [join(examples, name, 'dist/main.js')], { env, timeout: 30_000 });
      expect(stdout.trimEnd().split('\n')).toEqual(lines);
    },
    40_000,
  );
});
