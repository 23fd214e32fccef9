import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { renderProtocolPage } from '@rocketshop/tools/protocol-page';
import { repositoryRoot } from '@rocketshop/shop-testkit';

const page = join(repositoryRoot, 'docs/protocol.md');

/** Compares the words only, since the formatter aligns the table. */
const words = (text: string) => text.replaceAll(/\s*\|\s*|-{3,}|\s+/g, ' ').trim();

it('docs/protocol.md tells what a running broker and name server answer (npm run docs:protocol)', async () => {
  expect(words(readFileSync(page, 'utf8'))).toBe(words(await renderProtocolPage()));
}, 30_000);
