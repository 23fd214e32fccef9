import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { endChild, endingWithParent, isRunning, waitForOutput } from './child.js';
import { freePort } from './free-port.js';
import { locatePostgres } from './postgres-binaries.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { loadTestkitConfig } from '../testkit.config.js';

export interface PostgresServerOptions {
  /** `stop` keeps this folder. @default a temporary folder, which `stop` removes */
  readonly dataDir?: string;
  /** @default a free one */
  readonly port?: number;
  /** Tests switch it off, since their data ends with them. @default true */
  readonly fsync?: boolean;
  /** @default 200 */
  readonly maxConnections?: number;
  /** Folder with the programs of another PostgreSQL. @default those of the npm package */
  readonly binDir?: string | undefined;
}

export interface PostgresServer {
  readonly port: number;
  readonly pid: number;
  /** The postgres:// URL of a database. @default user and password are the superuser's */
  url(database: string, user?: string, password?: string): string;
  createUser(name: string, password: string): Promise<void>;
  /** With `template`, the database is a copy of it, and no session may be connected to the template. */
  createDatabase(name: string, options?: { readonly owner?: string; readonly template?: string }): Promise<void>;
  /** Crashes with all sessions. After `meanwhile` it recovers from its log on the same port. */
  crash(meanwhile?: () => Promise<void>): Promise<void>;
  /** `fast` ends the sessions and shuts down. `immediate` is a crash: the next start recovers from the log. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
}

const SUPERUSER = 'rocketshop';
/** Recovery after a crash reads and syncs the whole folder, which takes long while the disk is busy. */
const START_LIMIT_MS = 120_000;
const run = promisify(execFile);

/** Starts PostgreSQL on loopback. The npm package brings the programs, so nobody needs to install them. */
export async function startPostgresServer(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const binaries = locatePostgres(loadTestkitConfig().cacheDir, options.binDir);
  const isTemporary = options.dataDir === undefined;
  const home = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'rocketshop-postgres-')));
  await mkdir(home, { recursive: true });
  if (binaries.runAs) await chown(home, binaries.runAs.uid, binaries.runAs.gid);
  const data = join(home, 'data');
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(binaries, home, data);
  const port = options.port ?? (await freePort());
  let child = await start(binaries, data, port, options);
  const killAtExit = (): void => {
    if (isRunning(child)) child.kill('SIGQUIT');
  };
  process.once('exit', killAtExit);
  return {
    ...administration(port),
    port,
    get pid() {
      return child.pid ?? 0;
    },
    crash: async (meanwhile) => {
      await endChild(child, 'SIGQUIT');
      try {
        await meanwhile?.();
      } finally {
        child = await start(binaries, data, port, options);
      }
    },
    stop: async (mode = 'fast') => {
      await endChild(child, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
      process.off('exit', killAtExit);
      if (isTemporary) await rm(home, { recursive: true, force: true });
    },
  };
}

async function initialise(binaries: PostgresBinaries, home: string, data: string): Promise<void> {
  // The password only keeps other users of this machine away from the loopback port. It is no secret.
  const passwordFile = join(home, 'password');
  await writeFile(passwordFile, SUPERUSER, { mode: 0o644 });
  const args = [
    '-D',
    data,
    '-U',
    SUPERUSER,
    '--pwfile',
    passwordFile,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
  ];
  await run(...endingWithParent(binaries.initdb, [...args, '--no-sync']), { ...binaries.runAs, cwd: home });
}

async function start(
  binaries: PostgresBinaries,
  data: string,
  port: number,
  options: PostgresServerOptions,
): Promise<ChildProcess> {
  const isDurable = options.fsync !== false;
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: String(options.maxConnections ?? 200),
    shared_buffers: isDurable ? '256MB' : '64MB',
    fsync: isDurable ? 'on' : 'off',
    // Without fsync a commit waits for no disk, and yet it survives a crash of PostgreSQL's processes.
    synchronous_commit: 'on',
    full_page_writes: isDurable ? 'on' : 'off',
    // Transactions that commit at the same time share one fsync. A transaction that commits alone does not wait.
    commit_delay: isDurable ? '300' : '0',
    commit_siblings: '2',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(...endingWithParent(binaries.postgres, ['-D', data, '-p', String(port), ...args], 'QUIT'), {
    ...binaries.runAs,
    cwd: data,
    // Ctrl-C in a terminal reaches the whole process group. The caller decides when the database ends, so it leaves the group.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    await waitForOutput(child, /ready to accept connections/, START_LIMIT_MS);
    return child;
  } catch (error) {
    await endChild(child, 'SIGQUIT');
    throw error;
  }
}

function administration(port: number): Pick<PostgresServer, 'url' | 'createUser' | 'createDatabase'> {
  const url = (database: string, user = SUPERUSER, password = SUPERUSER): string =>
    `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  const execute = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: url('postgres') });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  return {
    url,
    createUser: (name, password) =>
      execute(async (client) => {
        const role = client.escapeIdentifier(name);
        await client.query(`CREATE ROLE ${role} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
      }),
    createDatabase: (name, { owner, template } = {}) =>
      execute(async (client) => {
        const parts = [`CREATE DATABASE ${client.escapeIdentifier(name)}`];
        if (template) parts.push(`TEMPLATE ${client.escapeIdentifier(template)} STRATEGY FILE_COPY`);
        if (owner) parts.push(`OWNER ${client.escapeIdentifier(owner)}`);
        await client.query(parts.join(' '));
      }),
  };
}
