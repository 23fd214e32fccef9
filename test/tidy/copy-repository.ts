import { cpSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { repositoryRoot as root } from '@rocketshop/shop-testkit';

const COPIED = ['apps', 'libs', 'examples', 'bench', 'test', 'tools', 'package.json', 'tsconfig.json'];

/** Copies the sources to a new folder, where a test may plant faults. Its workspace packages are the copy's own; other packages are those of the repository. */
export function copyRepository(): string {
  const copy = mkdtempSync(join(tmpdir(), 'rocketshop-boundaries-'));
  const skip = new Set(['node_modules', 'dist', 'coverage', '.cache']);
  for (const entry of COPIED) {
    cpSync(join(root, entry), join(copy, entry), { recursive: true, filter: (path) => !skip.has(basename(path)) });
  }
  mkdirSync(join(copy, 'node_modules'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    const target = join(root, 'node_modules', name);
    if (name !== '@rocketshop') symlinkSync(target, join(copy, 'node_modules', name));
    else cpSync(target, join(copy, 'node_modules', name), { recursive: true, verbatimSymlinks: true });
  }
  return copy;
}
