import { fork } from 'node:child_process';
import type { ChildProcess, ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Load, LoadAnswer, LoadOrder, LoadResult, Target } from './load-protocol.js';

/** One load process serves the whole benchmark, so that its code is equally warm for all rows. */
export class LoadProcess {
  private readonly ended: Promise<never>;

  private constructor(private readonly child: ChildProcess) {
    this.ended = once(child, 'exit').then(() => {
      throw new Error('the load process ended');
    });
    this.ended.catch(() => undefined);
  }

  static start(): LoadProcess {
    // Results contain NaN. JSON would turn it into null; the advanced serialization keeps it.
    // Without our own flags: the guard of `npm run bench` would take the channel for its own, and end the process at once.
    const options: ForkOptions = { serialization: 'advanced', execArgv: [] };
    return new LoadProcess(fork(join(import.meta.dirname, 'load.main.js'), options));
  }

  /** Runs one load; never call it twice at the same time. @throws an error when the process cannot run the load */
  async run(target: Target, load: Load): Promise<LoadResult> {
    const answered = once(this.child, 'message') as Promise<[LoadAnswer]>;
    this.child.send({ target, load } satisfies LoadOrder);
    const [answer] = await Promise.race([answered, this.ended]);
    if ('error' in answer) throw new Error(`the load ${load.kind} on ${load.topic} failed: ${answer.error}`);
    return answer.result;
  }

  stop(): void {
    if (this.child.connected) this.child.disconnect();
  }
}
