import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();
process.once('exit', () => folders.forEach(removeScratchFolder));

/** Creates a temporary folder. It is removed when this process exits, also after an error. */
export function scratchFolder(purpose: string): string {
  const folder = mkdtempSync(join(tmpdir(), `rocketshop-compat-${purpose}-`));
  folders.add(folder);
  return folder;
}

export function removeScratchFolder(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true });
}
