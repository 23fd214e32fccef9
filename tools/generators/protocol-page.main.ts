import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderProtocolPage } from './protocol-page.js';

const file = join(import.meta.dirname, '../../../docs/protocol.md');
writeFileSync(file, await renderProtocolPage());
const root = join(import.meta.dirname, '../../..');
spawnSync(
  process.execPath,
  [join(root, 'node_modules/prettier/bin/prettier.cjs'), '--write', '--log-level', 'warn', file],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
console.log(`wrote ${file}`);
