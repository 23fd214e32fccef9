import { Histogram } from '../measure/histogram.js';
import type { FillLoad, FirstMessage, LoadResult, SendLoad, Target } from './load-protocol.js';
import { Sender } from './sender.js';
import { Failures, MeasuredWindow } from './window.js';

export const FILL_CONNECTIONS = 10;
const FILL_IN_FLIGHT = 100;
const DRAIN_LIMIT_MS = 30_000;

/** A closed loop measures how long its requests in flight waited, and nothing else, so coordinated omission is no question here. */
export async function runSendLoad(target: Target, load: SendLoad): Promise<LoadResult> {
  let latencies = new Histogram();
  let running = true;
  const failures = new Failures();
  const senders = await connectSenders(target, load, load.connections, {
    capacity: load.inFlightPerConnection,
    header: load.header,
    onStored: (dueMs, nowMs) => latencies.record(nowMs - dueMs),
    onRefused: (reason) => failures.add(reason),
    onAnswered: (sender, count) => {
      if (running) sender.send(count);
    },
  });
  for (const sender of senders) sender.send(load.inFlightPerConnection);
  await pause(load.warmUpMs);
  latencies = new Histogram();
  const window = new MeasuredWindow(target.pid);
  await pause(load.measureMs);
  const latency = latencies.summary();
  const usage = window.end(latency.count);
  running = false;
  await drained(senders);
  return { messages: latency.count, latency, failures: failures.list(), ...usage };
}

/** Sends with 1,000 requests in flight until all messages are stored. */
export async function runFillLoad(target: Target, load: FillLoad): Promise<LoadResult> {
  const latencies = new Histogram();
  const failures = new Failures();
  const window = new MeasuredWindow(target.pid);
  let done = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    done = resolve;
  });
  // Every connection sends the same number of messages, so that every queue gets the same number too.
  const share = load.messages / FILL_CONNECTIONS;
  const unsent = new Map<Sender, number>();
  const sendMore = (sender: Sender, wanted: number): void => {
    const left = unsent.get(sender) ?? 0;
    const count = Math.min(wanted, left);
    unsent.set(sender, left - count);
    if (count > 0) sender.send(count);
    else if ([...unsent].every(([one, rest]) => rest === 0 && one.inFlight === 0)) done();
  };
  const senders = await connectSenders(target, load, FILL_CONNECTIONS, {
    capacity: FILL_IN_FLIGHT,
    header: 'JSON',
    onStored: (dueMs, nowMs) => latencies.record(nowMs - dueMs),
    onRefused: (reason) => failures.add(reason),
    onAnswered: sendMore,
  });
  for (const sender of senders) unsent.set(sender, share);
  for (const sender of senders) sendMore(sender, FILL_IN_FLIGHT);
  await finished;
  await drained(senders);
  return {
    messages: latencies.count,
    latency: latencies.summary(),
    failures: failures.list(),
    ...window.end(latencies.count),
  };
}

/** Sends one message and waits for its answer. */
export async function runFirstMessage(target: Target, load: FirstMessage): Promise<LoadResult> {
  const latencies = new Histogram();
  const failures = new Failures();
  const window = new MeasuredWindow(target.pid);
  const answered = new Promise<void>((resolve, reject) => {
    connectSenders(target, { topic: load.topic, bodyBytes: 128 }, 1, {
      capacity: 1,
      header: 'JSON',
      onStored: (dueMs, nowMs) => latencies.record(nowMs - dueMs),
      onRefused: (reason) => failures.add(reason),
      onAnswered: (sender) => {
        sender.close();
        resolve();
      },
    }).then(([sender]) => sender?.send(1), reject);
  });
  await answered;
  return { messages: latencies.count, latency: latencies.summary(), failures: failures.list(), ...window.end(1) };
}

interface SendersInput {
  readonly capacity: number;
  readonly header: SendLoad['header'];
  onStored(dueMs: number, nowMs: number): void;
  onRefused(reason: string): void;
  onAnswered?(sender: Sender, count: number): void;
}

export function connectSenders(
  target: Target,
  load: { readonly topic: string; readonly bodyBytes: number },
  connections: number,
  { capacity, header, ...events }: SendersInput,
): Promise<Sender[]> {
  const { topic, bodyBytes } = load;
  return Promise.all(
    Array.from({ length: connections }, (_, connection) =>
      Sender.connect(target.port, { topic, bodyBytes, header, connection, capacity }, events),
    ),
  );
}

/** Waits for the missing answers, and then closes the connections. */
export async function drained(senders: readonly Sender[]): Promise<void> {
  const giveUpAt = performance.now() + DRAIN_LIMIT_MS;
  while (senders.some((sender) => sender.inFlight > 0) && performance.now() < giveUpAt) await pause(5);
  for (const sender of senders) sender.close();
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
