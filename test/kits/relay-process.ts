import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { endChild, repositoryRoot } from '@rocketshop/shop-testkit';
import type { OutboxRelayOptions } from '@rocketshop/outbox';

/** Prints each message as `key payload` when the broker has it, which takes `publishMs`. */
const PROGRAM = `
  const { OutboxRelay } = await import('./libs/outbox/dist/index.js');
  const { default: pg } = await import('pg');
  const [url, publishMs, options] = process.argv.slice(1);
  const publish = async ({ key, payload }) => {
    await new Promise((resolve) => setTimeout(resolve, Number(publishMs)));
    console.log(key + ' ' + JSON.stringify(payload));
  };
  const pool = new pg.Pool({ connectionString: url });
  pool.on('error', () => undefined);
  new OutboxRelay({ pool, publisher: { publish }, ...JSON.parse(options) }).start();`;

/** A relay in a process of its own, which a story can freeze and kill. */
export class RelayProcess {
  /** What it has sent: `key payload`. */
  readonly sent: string[] = [];

  private constructor(private readonly child: ChildProcess) {
    if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => this.sent.push(line));
  }

  static start(url: string, publishMs: number, options: Partial<OutboxRelayOptions>): RelayProcess {
    const args = ['--input-type=module', '--eval', PROGRAM, url, String(publishMs), JSON.stringify(options)];
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    return new RelayProcess(spawn(process.execPath, args, { cwd: repositoryRoot, stdio: [...stdio] }));
  }

  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    await endChild(this.child, 'SIGKILL');
  }
}
