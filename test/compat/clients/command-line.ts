import { isKind } from '../kinds.js';
import type { Kind } from '../kinds.js';
import type { ClientEvent } from './client-events.js';

/*
 * Every client under test is a program with this command line, whatever it is written in:
 *
 *   send    <namesrvAddr> <count> <kind>=<topic> ...         sends `count` messages of each kind, then ends
 *   consume <namesrvAddr> <group> <topic>=<expression> ...   consumes by push until its standard input ends
 *
 * Both report on standard output; see client-events.ts.
 */
export interface SendJob {
  readonly kind: Kind;
  readonly topic: string;
}

export interface Subscription {
  readonly topic: string;
  readonly expression: string;
}

export interface ClientLibrary {
  /** Sends `count` messages of one kind and reports each as sent or failed. */
  send(namesrvAddr: string, count: number, jobs: readonly SendJob[]): Promise<void>;
  /** @returns what the member holds now, and how it leaves */
  consume(namesrvAddr: string, group: string, subscriptions: readonly Subscription[]): Promise<Member>;
}

export interface Member {
  /** `topic:queueId`. */
  heldQueues(): string[];
  leave(): Promise<void>;
}

const WATCH_INTERVAL_MS = 100;

export function report(event: ClientEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/** Runs a client program written in TypeScript. */
export async function runClient(library: ClientLibrary, args: readonly string[]): Promise<void> {
  const [verb, namesrvAddr = '', third = '', ...rest] = args;
  const pairs = rest.map((pair) => pair.split('=') as [string, string]);
  if (verb === 'send') {
    const jobs = pairs.flatMap(([kind, topic]) => (isKind(kind) ? [{ kind, topic }] : []));
    await library.send(namesrvAddr, Number(third), jobs);
    return;
  }
  const subscriptions = pairs.map(([topic, expression]) => ({ topic, expression }));
  const member = await library.consume(namesrvAddr, third, subscriptions);
  let before = '';
  const watch = setInterval(() => {
    const queues = member.heldQueues().toSorted();
    if (queues.join() === before) return;
    before = queues.join();
    report({ event: 'held', queues });
  }, WATCH_INTERVAL_MS);
  await new Promise((resolve) => process.stdin.resume().once('end', resolve));
  clearInterval(watch);
  await member.leave();
  report({ event: 'stopped' });
}
