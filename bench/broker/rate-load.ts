import { RecordOffset, ResponseCode } from '@rocketshop/mq-protocol';
import type { FrameView } from '@rocketshop/mq-protocol';
import { Histogram } from '../measure/histogram.js';
import { QUEUES } from './load-protocol.js';
import type { LoadResult, RateLoad, Target } from './load-protocol.js';
import { pace } from './pacer.js';
import { queuesOf } from './pull-load.js';
import { Reader } from './reader.js';
import { BodyOffset } from './send-frame.js';
import type { Sender } from './sender.js';
import { connectSenders, drained, pause } from './send-load.js';
import { Failures, MeasuredWindow } from './window.js';
import type { WindowUsage } from './window.js';

/** A broker with this many unanswered messages on one connection cannot keep the rate, so it gets no more. */
const IN_FLIGHT_MAX = 4096;
const MAX_MSG_NUMS = 32;
const RECEIVE_LIMIT_MS = 10_000;

/**
 * Messages are sent when they are due, and their latency counts from that time. A pause of the broker then counts for every
 * message that was due in it (no coordinated omission). The reader has its own connection.
 */
export async function runRateLoad(target: Target, load: RateLoad): Promise<LoadResult> {
  const run = new RateRun(load);
  const reader = await Reader.connect(
    target.port,
    { topic: load.topic, queueIds: queuesOf(0, 1), maxMsgNums: MAX_MSG_NUMS, isLongPolling: true },
    run,
  );
  const senders = await connectSenders(target, load, load.connections, {
    capacity: IN_FLIGHT_MAX,
    header: 'JSON',
    onStored: (dueMs, nowMs) => run.stored(dueMs, nowMs),
    onRefused: (reason) => run.failures.add(reason),
  });
  // One message on each connection creates the topic: the broker refuses a reader of an unknown topic.
  for (const sender of senders) sender.send(1, 0);
  await pause(200);
  reader.start();
  const usage = await run.send(senders, target.pid);
  await drained(senders);
  await run.received();
  reader.close();
  // The pacer ends a little after the last message. The rate is over the time in which messages were due.
  return { ...run.outcome(), ...usage, seconds: load.measureMs / 1000 };
}

class RateRun {
  readonly failures = new Failures();
  private readonly storedLatencies = new Histogram();
  private readonly receivedLatencies = new Histogram();
  private readonly offsets = Array.from({ length: QUEUES }, () => 0);
  private measureFromMs = Number.POSITIVE_INFINITY;
  private sent = 0;

  constructor(private readonly load: RateLoad) {}

  /** Sends during the warm-up and the measured time. @returns the CPU and memory of the measured time */
  async send(senders: readonly Sender[], brokerPid: number): Promise<WindowUsage> {
    const { messagesPerSecond, warmUpMs, measureMs } = this.load;
    const intervalMs = 1000 / messagesPerSecond;
    const total = Math.round((warmUpMs + measureMs) / intervalMs);
    const startMs = performance.now() + 50;
    this.measureFromMs = startMs + warmUpMs;
    let window: MeasuredWindow | undefined;
    await pace({ intervalMs, ticks: total + Math.ceil(200 / intervalMs) }, () => {
      const nowMs = performance.now();
      if (nowMs >= this.measureFromMs) window ??= new MeasuredWindow(brokerPid);
      const due = Math.min(total, Math.floor((nowMs - startMs) / intervalMs) + 1);
      for (; this.sent < due; this.sent += 1) this.sendOne(senders, startMs + this.sent * intervalMs);
    });
    return (window ?? new MeasuredWindow(brokerPid)).end(this.sent - Math.round(warmUpMs / intervalMs));
  }

  stored(dueMs: number, nowMs: number): void {
    if (dueMs >= this.measureFromMs) this.storedLatencies.record(nowMs - dueMs);
  }

  onAnswer(view: FrameView, queueId: number): number | undefined {
    const offset = this.offsets[queueId] ?? 0;
    if (view.code !== ResponseCode.SUCCESS) return offset;
    const nowMs = performance.now();
    let count = 0;
    for (let at = view.bodyStart; at < view.bodyEnd; at += view.buffer.readInt32BE(at)) {
      const dueMs = view.buffer.readDoubleBE(at + RecordOffset.BODY + BodyOffset.DUE);
      if (dueMs >= this.measureFromMs) this.receivedLatencies.record(nowMs - dueMs);
      count += 1;
    }
    this.offsets[queueId] = offset + count;
    return offset + count;
  }

  /** Waits until the reader has every stored message. */
  async received(): Promise<void> {
    const giveUpAt = performance.now() + RECEIVE_LIMIT_MS;
    while (this.receivedLatencies.count < this.storedLatencies.count && performance.now() < giveUpAt) await pause(5);
    const missing = this.storedLatencies.count - this.receivedLatencies.count;
    if (missing !== 0) this.failures.add(`${missing} messages were stored and not received`);
  }

  outcome(): Pick<LoadResult, 'messages' | 'latency' | 'received' | 'failures'> {
    return {
      messages: this.storedLatencies.count,
      latency: this.storedLatencies.summary(),
      received: this.receivedLatencies.summary(),
      failures: this.failures.list(),
    };
  }

  private sendOne(senders: readonly Sender[], dueMs: number): void {
    const sender = senders[this.sent % senders.length];
    if (sender && sender.room > 0) sender.send(1, dueMs);
    else this.failures.add(`not sent: ${IN_FLIGHT_MAX} messages of a connection are unanswered`);
  }
}
