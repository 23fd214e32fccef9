import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderProtocolPage } from './protocol-page.js';

const file = join(import.meta.dirname, '../../../docs/protocol.md');
writeFileSync(file, await renderProtocolPage());
console.log(`wrote ${file}`);
