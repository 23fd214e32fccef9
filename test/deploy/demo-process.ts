import { repositoryRoot, until } from '@rocketshop/shop-testkit';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DEMO = join(repositoryRoot, 'tools/dist/demo/demo.main.js');

/** Starts the demo as tools/bootstrap.mjs does, and lives as long as the demo. */
const PARENT = `
  const child = require('node:child_process').spawn(process.execPath, process.argv.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  process.on('SIGINT', () => child.kill('SIGINT'));
  console.log('demo ' + child.pid);
  child.on('exit', (code) => process.exit(code));`;

/** A demo on free ports with folders of its own, under a parent process of its own. */
export class DemoProcess {
  output = '';
  /** A name that each process of this demo has in its command line or in its environment. */
  private readonly mark = mkdtempSync(join(tmpdir(), 'rocketshop-demo-'));
  private readonly started: ChildProcess[] = [];

  constructor() {
    // PostgreSQL runs as another user when the test runs as root.
    chmodSync(this.mark, 0o755);
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const parent = spawn(process.execPath, ['-e', PARENT, '--', DEMO, ...args], {
      // The path marks the programs, which inherit it and nothing else.
      env: {
        HOME: process.env['HOME'],
        PATH: `${process.env['PATH']}:${this.mark}`,
        TMPDIR: this.mark,
        DEMO_FOLDER: join(this.mark, 'demo'),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [parent.stdout, parent.stderr])
      stream.on('data', (chunk: Buffer) => (this.output += String(chunk)));
    this.started.push(parent);
    return parent;
  }

  /** @returns the exit code */
  async ended(parent: ChildProcess): Promise<number | null> {
    if (parent.exitCode === null && parent.signalCode === null) await once(parent, 'exit');
    return parent.exitCode;
  }

  get pid(): number {
    return Number(/^demo (\d+)$/m.exec(this.output)?.[1]);
  }

  /** The processes of this demo that are alive, by what Linux shows of them. */
  alive(): string[] {
    const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
    return pids.flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
        const isMarked = line.includes(this.mark) || readFileSync(`/proc/${pid}/environ`, 'latin1').includes(this.mark);
        return isMarked && line !== '' ? [`${pid} ${line.replaceAll('\0', ' ')}`] : [];
      } catch {
        return [];
      }
    });
  }

  /** Resolves when no process is left. */
  async gone(): Promise<void> {
    await until(() => this.alive().length === 0, {
      timeoutMs: 20_000,
      description: 'the demo to leave no process',
    }).catch((cause: unknown) => {
      throw new Error(`left behind:\n${this.alive().join('\n')}\n${this.output}`, { cause });
    });
  }

  /** What is left on the disk besides the logs. */
  leftovers(): string[] {
    const temporary = readdirSync(this.mark).filter((entry) => entry !== 'demo');
    return existsSync(join(this.mark, 'demo/demo.json')) ? [...temporary, 'demo.json'] : temporary;
  }

  /** What is left on the disk and not named in demo.json. */
  forgotten(): string[] {
    const file = join(this.mark, 'demo/demo.json');
    const { folders } = JSON.parse(readFileSync(file, 'utf8')) as { readonly folders: readonly string[] };
    return this.leftovers().filter((entry) => entry !== 'demo.json' && !folders.includes(join(this.mark, entry)));
  }

  remove(): void {
    for (const parent of this.started) parent.kill('SIGKILL');
    for (const line of this.alive()) process.kill(Number(line.split(' ')[0]), 'SIGKILL');
    rmSync(this.mark, { recursive: true, force: true });
  }
}

const LONGEST_START_MS = 3_000;

/** Starts a demo, ends it at a random moment of its start, and looks for what is left. */
export async function endDemoDuringStart(how: 'demo -9' | 'parent -9' | 'Ctrl-C'): Promise<void> {
  const demo = new DemoProcess();
  const moment = Math.round(Math.random() * LONGEST_START_MS);
  try {
    const parent = demo.start(['--free-ports']);
    await until(() => demo.output.includes('Starting the shop'), {
      timeoutMs: 30_000,
      description: 'the demo to start',
    });
    await new Promise((resolve) => setTimeout(resolve, moment));
    if (how === 'demo -9') process.kill(demo.pid, 'SIGKILL');
    else parent.kill(how === 'Ctrl-C' ? 'SIGINT' : 'SIGKILL');
    const code = await demo.ended(parent);
    await demo.gone();
    if (how === 'demo -9') {
      // The next demo removes them.
      if (demo.forgotten().length > 0) throw new Error(`nobody knows of: ${demo.forgotten().join()}\n${demo.output}`);
      return;
    }
    if (demo.leftovers().length > 0) throw new Error(`left on the disk: ${demo.leftovers().join()}\n${demo.output}`);
    if (how === 'Ctrl-C' && code !== 130) throw new Error(`it ended with ${code}\n${demo.output}`);
  } catch (error) {
    throw new Error(`${how} after ${moment} ms`, { cause: error });
  } finally {
    demo.remove();
  }
}
