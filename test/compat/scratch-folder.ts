import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();
process.once('exit', () => folders.forEach(removeScratchFolder));

/** A folder that is gone when this process has ended, however it ends. */
export function scratchFolder(purpose: string): string {
  const folder = mkdtempSync(join(tmpdir(), `rocketshop-compat-${purpose}-`));
  folders.add(folder);
  return folder;
}

export function removeScratchFolder(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true });
}
