import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { endChild, isRunning, loadTestkitConfig, until } from '@rocketshop/shop-testkit';
import { removeScratchFolder, scratchFolder } from '../scratch-folder.js';
import type { ClientProgram } from './client-programs.js';
import { parseClientEvent } from './client-events.js';
import type { ClientEvent, ReceivedEvent } from './client-events.js';

const OTHER_LINES_KEPT = 80;
const LEAVE_LIMIT_MS = 30_000;
const running = new Set<ChildProcess>();

/** A running client program and the events that it has reported. */
export class RunningClient {
  readonly events: ClientEvent[] = [];
  readonly received: ReceivedEvent[] = [];
  /** `topic:queueId` of each queue that the program reports to hold. */
  held: readonly string[] = [];
  private readonly otherLines: string[] = [];
  private readonly ended: Promise<unknown>;

  private constructor(
    readonly program: ClientProgram,
    private readonly child: ChildProcess,
    private readonly home: string,
  ) {
    running.add(child);
    this.ended = Promise.all([once(child, 'close'), this.listen(child.stdout), this.listen(child.stderr)]);
  }

  static start(program: ClientProgram, args: readonly string[]): RunningClient {
    const home = scratchFolder('client');
    // Java clients write logs below user.home.
    const flags = program.command === 'java' ? [`-Duser.home=${home}`] : [];
    const child = spawn(program.command, [...flags, ...program.args, ...args], {
      cwd: home,
      env: { PATH: loadTestkitConfig().path, HOME: home },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return new RunningClient(program, child, home);
  }

  /** Waits until the program has ended. @throws an error when it failed or took longer than `limitMs` */
  async finish(limitMs: number): Promise<void> {
    const limit = setTimeout(() => this.child.kill('SIGKILL'), limitMs);
    await this.ended;
    clearTimeout(limit);
    running.delete(this.child);
    removeScratchFolder(this.home);
    if (this.child.exitCode === 0) return;
    const end = this.child.signalCode ?? String(this.child.exitCode);
    throw new Error(`${this.program.name} ended with ${end}\n${this.otherLines.join('\n')}`);
  }

  /** Lets a consumer leave its group and end. */
  async leave(): Promise<void> {
    this.child.stdin?.end();
    await this.finish(LEAVE_LIMIT_MS);
  }

  /** Waits for a state of this and other programs. @throws an error with the last output as soon as this program ends */
  async until(condition: () => boolean, timeoutMs: number, description: string): Promise<void> {
    await until(() => !isRunning(this.child) || condition(), { timeoutMs, intervalMs: 20, description });
    if (!isRunning(this.child)) throw new Error(`${this.program.name} has ended\n${this.otherLines.join('\n')}`);
  }

  private async listen(stream: NodeJS.ReadableStream | null): Promise<void> {
    if (!stream) return;
    for await (const line of createInterface({ input: stream })) {
      const event = parseClientEvent(line);
      if (event === undefined) this.keep(line);
      else this.take(event);
    }
  }

  private take(event: ClientEvent): void {
    this.events.push(event);
    if (event.event === 'received') this.received.push(event);
    if (event.event === 'held') this.held = event.queues;
  }

  private keep(line: string): void {
    this.otherLines.push(line);
    if (this.otherLines.length > OTHER_LINES_KEPT) this.otherLines.shift();
  }
}

/** Ends the programs that an aborted run has left behind. */
export async function stopRunningClients(): Promise<void> {
  await Promise.all([...running].map((child) => endChild(child, 'SIGTERM', 5_000)));
}
