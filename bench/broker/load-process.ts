import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Load, LoadAnswer, LoadOrder, LoadResult, Target } from './load-protocol.js';

/** One load process for the whole bench, so that its code is as warm for the last row as for the first ones. */
export class LoadProcess {
  private readonly ended: Promise<never>;

  private constructor(private readonly child: ChildProcess) {
    this.ended = once(child, 'exit').then(() => {
      throw new Error('the load process ended');
    });
    this.ended.catch(() => undefined);
  }

  static start(): LoadProcess {
    // NaN must survive the way between the processes, which it does not as JSON.
    return new LoadProcess(fork(join(import.meta.dirname, 'load.main.js'), { serialization: 'advanced' }));
  }

  /** One load at a time. Throws when the process cannot run it. */
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
