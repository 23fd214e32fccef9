import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const examples = join(import.meta.dirname, '../../examples');

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
  'ordered-by-key': [
    'order-1: created -> paid -> shipped',
    'order-2: created -> paid -> shipped',
    'order-3: created -> paid -> shipped',
  ],
};

describe('every example', () => {
  it('has its output told here', () => {
    const folders = readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).toSorted()).toEqual(Object.keys(OUTPUT).toSorted());
  });

  it.each(Object.entries(OUTPUT))(
    '%s runs as built, and ends by itself',
    async (name, lines) => {
      const { stdout } = await run(process.execPath, [join(examples, name, 'dist/main.js')], { timeout: 30_000 });
      expect(stdout.trimEnd().split('\n')).toEqual(lines);
    },
    40_000,
  );
});
