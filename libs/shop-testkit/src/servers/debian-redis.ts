import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export interface RedisProgram {
  readonly command: string;
  /** Folders of shared libraries that come with it. */
  readonly libraryPath?: string;
  /** Where it was found, for people. */
  readonly origin: string;
}

const run = promisify(execFile);
const APT_LIMIT_MS = 60_000;

/** Packages that only manage the installed service; the server runs without them. */
const NOT_NEEDED =
  /^(adduser|lsb-base|passwd|sysvinit-utils|init-system-helpers|debconf.*|libc6|libgcc-s1|gcc-.*-base)$/;

/**
 * Debian and Ubuntu: downloads redis-server and the libraries this machine lacks, and unpacks them below `folder`.
 * Needs no root and installs nothing. @returns undefined where there is no apt, no network or no such package
 */
export async function unpackRedis(folder: string): Promise<RedisProgram | undefined> {
  const unpacked = join(folder, 'unpacked');
  if (!existsSync(join(unpacked, 'usr/bin/redis-server'))) {
    try {
      await downloadAndUnpack(folder, unpacked);
    } catch {
      // No apt, no package lists, no network: the caller goes on without Redis and says so.
      return undefined;
    }
  }
  const libraryPath = (await libraryFolders(unpacked)).join(':');
  return { command: join(unpacked, 'usr/bin/redis-server'), libraryPath, origin: `unpacked in ${folder}` };
}

async function downloadAndUnpack(folder: string, unpacked: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // Two runs may do this at once: each works in a folder of its own, and the first to be done names it.
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
    // Fresh containers have no package lists: they are fetched into a folder of ours, which needs no root.
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

/** redis-server and everything it depends on that is not installed here. */
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
