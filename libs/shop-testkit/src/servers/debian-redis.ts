import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export interface RedisProgram {
  readonly command: string;
  /** Folders with the shared libraries that the program brings. */
  readonly libraryPath?: string;
  /** Where the program was found, as a text for people. */
  readonly origin: string;
}

const run = promisify(execFile);
const APT_LIMIT_MS = 60_000;

/** The server runs without these packages: they only manage it as an installed service, or every system has them. */
const NOT_NEEDED =
  /^(adduser|lsb-base|passwd|sysvinit-utils|init-system-helpers|debconf.*|libc6|libgcc-s1|gcc-.*-base)$/;

/**
 * Downloads redis-server and the libraries that this machine lacks (Debian and Ubuntu) and unpacks them below `folder`.
 * It needs no root and installs nothing. @returns undefined on a machine without apt, network or that package
 */
export async function unpackRedis(folder: string): Promise<RedisProgram | undefined> {
  const unpacked = join(folder, 'unpacked');
  if (!existsSync(join(unpacked, 'usr/bin/redis-server'))) {
    try {
      await downloadAndUnpack(folder, unpacked);
    } catch {
      // This machine has no apt, no package lists or no network. The caller runs without Redis and says so.
      return undefined;
    }
  }
  const libraryPath = (await libraryFolders(unpacked)).join(':');
  return { command: join(unpacked, 'usr/bin/redis-server'), libraryPath, origin: `unpacked in ${folder}` };
}

async function downloadAndUnpack(folder: string, unpacked: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // Two runs may unpack at the same time. Each works in its own folder, and the first that is done renames its folder.
  const work = await mkdtemp(join(folder, 'work-'));
  try {
    const debs = join(work, 'debs');
    const root = join(work, 'root');
    await mkdir(debs);
    await mkdir(root);
    await download(debs, work);
    const files = (await readdir(debs)).filter((file) => file.endsWith('.deb'));
    for (const file of files) await run('dpkg', ['-x', join(debs, file), root]);
    if (!existsSync(join(root, 'usr/bin/redis-server'))) throw new Error('the packages hold no redis-server');
    await rename(root, unpacked).catch((error: unknown) => {
      if (!existsSync(unpacked)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function download(debs: string, work: string): Promise<void> {
  try {
    await apt(debs, []);
  } catch {
    // A fresh container has no package lists. apt fetches them into our own folder, which needs no root.
    const state = join(work, 'apt');
    await mkdir(join(state, 'lists/partial'), { recursive: true });
    await mkdir(join(state, 'cache/archives/partial'), { recursive: true });
    const own = ['-o', `Dir::State::lists=${join(state, 'lists')}`, '-o', `Dir::Cache=${join(state, 'cache')}`];
    await run('apt-get', [...own, 'update'], { timeout: APT_LIMIT_MS });
    await apt(debs, own);
  }
}

async function apt(debs: string, options: readonly string[]): Promise<void> {
  const packages = await missingPackages(options);
  await run('apt-get', [...options, 'download', ...packages], { cwd: debs, timeout: APT_LIMIT_MS });
}

/** redis-server and all its dependencies that are not installed here. */
async function missingPackages(options: readonly string[]): Promise<string[]> {
  const only = [
    '--recurse',
    '--no-recommends',
    '--no-suggests',
    '--no-conflicts',
    '--no-breaks',
    '--no-replaces',
    '--no-enhances',
  ];
  const { stdout } = await run('apt-cache', [...options, 'depends', ...only, 'redis-server'], {
    timeout: APT_LIMIT_MS,
  });
  const names = stdout.split('\n').filter((line) => /^[a-z0-9]/.test(line) && !line.includes(':'));
  const { stdout: installed } = await run('dpkg-query', ['-W', '-f', '${binary:Package}\n']);
  const present = new Set(installed.split('\n').map((name) => name.split(':')[0]));
  const missing = [...new Set(names)].filter((name) => !present.has(name) && !NOT_NEEDED.test(name));
  if (!missing.includes('redis-server')) throw new Error('no package redis-server');
  return missing;
}

async function libraryFolders(unpacked: string): Promise<string[]> {
  const folders = new Set<string>();
  for (const entry of await readdir(unpacked, { recursive: true })) {
    if (/\.so(\.\d+)*$/.test(entry)) folders.add(dirname(join(unpacked, entry)));
  }
  return [...folders];
}
