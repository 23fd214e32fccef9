import { ResponseCode } from '@rocketshop/mq-protocol';
import type { FrameView } from '@rocketshop/mq-protocol';
import { Histogram } from '../measure/histogram.js';
import { QUEUES } from './load-protocol.js';
import type { LoadResult, PullLoad, Target } from './load-protocol.js';
import { PullCheck } from './pull-check.js';
import { Reader } from './reader.js';
import { FILL_CONNECTIONS } from './send-load.js';
import { Failures, MeasuredWindow } from './window.js';

/** No pull load takes this long. Without a limit, a queue that lost its last messages would be waited for for ever. */
const GIVE_UP_MS = 60_000;
const PROBLEMS_MAX = 100;

/** The queues that a connection reads: the queues are spread evenly over all connections. */
export function queuesOf(connection: number, connections: number): number[] {
  return Array.from({ length: QUEUES }, (_, queueId) => queueId).filter(
    (queueId) => queueId % connections === connection,
  );
}

export async function runPullLoad(target: Target, load: PullLoad): Promise<LoadResult> {
  const run = new PullRun(load.messages / QUEUES);
  const readers = await Promise.all(
    Array.from({ length: load.connections }, (_, connection) =>
      Reader.connect(
        target.port,
        {
          topic: load.topic,
          queueIds: queuesOf(connection, load.connections),
          maxMsgNums: load.maxMsgNums,
          isLongPolling: true,
        },
        run,
      ),
    ),
  );
  const window = new MeasuredWindow(target.pid);
  for (const reader of readers) reader.start();
  await run.finished();
  const usage = window.end(run.check.messages);
  for (const reader of readers) reader.close();
  run.check.finish(FILL_CONNECTIONS, load.messages / FILL_CONNECTIONS);
  return { ...run.outcome(), ...usage };
}

/** The state of one pull load: the next offset of each queue, and the problems found. */
class PullRun {
  readonly check = new PullCheck();
  private readonly latencies = new Histogram();
  private readonly failures = new Failures();
  private readonly offsets = Array.from({ length: QUEUES }, () => 0);
  private openQueues = QUEUES;
  private finish = (): void => undefined;

  constructor(private readonly messagesPerQueue: number) {}

  onAnswer(view: FrameView, queueId: number, askedMs: number): number | undefined {
    let offset = this.offsets[queueId] ?? 0;
    if (view.code === ResponseCode.SUCCESS) {
      this.latencies.record(performance.now() - askedMs);
      offset = this.check.walk(view.buffer, view.bodyStart, view.bodyEnd, queueId, offset);
      this.offsets[queueId] = offset;
    } else this.failures.add(`code ${view.code}: ${view.remark ?? ''}`);
    if (offset < this.messagesPerQueue && this.check.problems.length < PROBLEMS_MAX) return offset;
    this.openQueues -= 1;
    if (this.openQueues === 0) this.finish();
    return undefined;
  }

  finished(): Promise<void> {
    return new Promise((resolve) => {
      const giveUp = setTimeout(resolve, GIVE_UP_MS);
      this.finish = () => {
        clearTimeout(giveUp);
        resolve();
      };
    });
  }

  outcome(): Pick<LoadResult, 'messages' | 'latency' | 'failures' | 'outOfOrder'> {
    return {
      messages: this.check.messages,
      latency: this.latencies.summary(),
      failures: [...this.failures.list(), ...this.check.problems.slice(0, PROBLEMS_MAX)],
      outOfOrder: this.check.outOfOrder,
    };
  }
}
