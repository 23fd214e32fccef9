import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectPeer } from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';
import { repositoryRoot, until } from '@rocketshop/shop-testkit';

const running = new Set<ChildProcess>();

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A broker or a name server in a process of its own, perhaps under a program such as `unshare` or `prlimit`. It may fail to start. */
export class ServerProcess {
  private output = '';
  private exitCode: number | null | undefined;

  private constructor(private readonly child: ChildProcess) {
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    child.once('close', (code) => {
      running.delete(child);
      this.exitCode = code;
    });
  }

  static start(
    program: 'broker' | 'nameserver',
    { under = [], env = {} }: { under?: readonly string[]; env?: Record<string, string> } = {},
  ): ServerProcess {
    const [command, ...args] = [...under, process.execPath, join(repositoryRoot, `apps/${program}/dist/main.js`)];
    const child = spawn(command, args, {
      env: {
        PATH: process.env['PATH'] ?? '',
        BROKER_LISTEN_PORT: '0',
        NAMESRV_LISTEN_PORT: '0',
        INTERNAL_PORT: '0',
        NAMESRV_ADDR: '127.0.0.1:1',
        FLUSH_DISK_TYPE: 'SYNC_FLUSH',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ServerProcess(child);
  }

  /** The exit code; undefined while it runs, null when a signal ended it. */
  get ended(): number | null | undefined {
    return this.exitCode;
  }

  /** Of the program that it runs under, if that does not become the server. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  get lines(): string[] {
    return this.output.split('\n');
  }

  /** Resolves when it serves: true, or when it has ended instead: false. */
  async isReady(): Promise<boolean> {
    await until(() => this.output.includes('is ready on') || this.exitCode !== undefined);
    return this.exitCode === undefined;
  }

  get port(): number {
    return Number(/is ready on [\d.]+:(\d+)/.exec(this.output)?.[1]);
  }

  connect(): Promise<Peer> {
    return connectPeer({ host: '127.0.0.1', port: this.port });
  }

  /** The process number of the broker itself, seen from here, when it runs under another program. */
  get innerPid(): number {
    const { pid } = this.child;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.exitCode === undefined) this.child.kill(signal);
    await until(() => this.exitCode !== undefined);
  }
}
