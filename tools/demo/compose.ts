import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

const runFile = promisify(execFile);

/** The longest call may have to fetch an image. */
const LIMIT_MS = 300_000;

/** Variables of docker-compose.yml, by name. */
export type Variables = Readonly<Record<string, string>>;

/** Calls the docker compose command, one call after the other: two calls at once could see each other's unfinished containers. */
export class Compose {
  private readonly command = findCommand();
  private last: Promise<unknown> = Promise.resolve();

  /**
   * @param variables win over the variables of this process
   * @returns the standard output
   */
  run(args: readonly string[], variables: Variables = {}): Promise<string> {
    return this.inTurn([...this.command, ...args], variables);
  }

  /** Kills by `docker kill`, which is immediate. `docker compose kill` needs most of a second. */
  async kill(containerId: string): Promise<void> {
    await this.inTurn(['docker', 'kill', '--signal', 'KILL', containerId], {});
  }

  /** The command line of a call, as a user types it. */
  commandLine(...args: readonly string[]): string {
    return [...this.command, ...args].join(' ');
  }

  private inTurn(line: readonly string[], variables: Variables): Promise<string> {
    const call = this.last.then(() => execute(line, variables));
    this.last = call.catch(() => undefined);
    return call;
  }
}

async function execute([program = '', ...args]: readonly string[], variables: Variables): Promise<string> {
  try {
    return (await runFile(program, args, { env: { ...process.env, ...variables }, timeout: LIMIT_MS })).stdout;
  } catch (cause) {
    const { killed, stderr, message } = cause as Error & { readonly killed?: boolean; readonly stderr?: string };
    const why = killed ? `took longer than ${LIMIT_MS / 1000} s` : `failed: ${stderr?.trim() || message}`;
    throw new Error(`${[program, ...args].join(' ')} ${why}`, { cause });
  }
}

/** `docker compose` when the plugin is installed, else the stand-alone `docker-compose`. */
function findCommand(): readonly string[] {
  const plugin = spawnSync('docker', ['compose', 'version'], { stdio: 'ignore', timeout: 10_000 });
  return plugin.status === 0 ? ['docker', 'compose'] : ['docker-compose'];
}
