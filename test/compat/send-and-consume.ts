import { PushConsumer } from '@rocketshop/mq-client';
import type { AdminClient } from '@rocketshop/mq-client';
import { until } from '@rocketshop/shop-testkit';
import type { ReceivedEvent } from './clients/client-events.js';
import type { ClientProgram } from './clients/client-programs.js';
import { receivedEvent } from './clients/received-event.js';
import { RunningClient } from './clients/running-client.js';
import { LEAST_AGE_MS, WANTED_TAGS } from './kinds.js';
import type { Kind } from './kinds.js';
import { judge, reasonOf } from './report.js';
import type { Row } from './report.js';
import { untilCommitted } from './until-committed.js';

const MESSAGES = 1_000;
const QUEUES = 4;
const HOLD_LIMIT_MS = 60_000;
const SEND_LIMIT_MS = 180_000;
const ARRIVE_LIMIT_MS = 60_000;

/**
 * A client sends `MESSAGES` of every kind it offers, and consumers of the same client take them by push: a row a kind.
 * The queues are held before the first send, so nothing disturbs the run: none may be lost, none come twice.
 */
export async function sendAndConsume(program: ClientProgram, namesrvAddr: string, admin: AdminClient): Promise<Row[]> {
  const run = new Run(program, namesrvAddr, admin);
  try {
    await run.play();
  } finally {
    await run.stop();
  }
  return program.kinds.map((kind) => run.rowOf(kind));
}

class Run {
  private readonly name: string;
  private readonly consumers: RunningClient[] = [];
  private readonly groups = new Map<Kind, string>();
  private readonly trouble: string[] = [];
  private readonly dead: ReceivedEvent[] = [];
  private undertaker: PushConsumer | undefined;
  private sender: RunningClient | undefined;

  constructor(
    private readonly program: ClientProgram,
    private readonly namesrvAddr: string,
    private readonly admin: AdminClient,
  ) {
    this.name = `compat-${program.name.replaceAll(/\W/g, '-')}`;
  }

  async play(): Promise<void> {
    const { kinds } = this.program;
    const early = kinds.filter((kind) => kind !== 'new-topic');
    for (const kind of early) await this.admin.createTopic(this.topicOf(kind), { readQueueNums: QUEUES });
    await this.consume(early, 'consumers');
    if (kinds.includes('dlq')) await this.readDeadLetters('consumers');
    const jobs = kinds.map((kind) => `${kind}=${this.topicOf(kind)}`);
    this.sender = RunningClient.start(this.program, ['send', this.namesrvAddr, String(MESSAGES), ...jobs]);
    await this.sender.finish(SEND_LIMIT_MS);
    if (kinds.includes('new-topic')) await this.consume(['new-topic'], 'latecomers');

    const acknowledged = kinds.flatMap((kind) => this.sent(kind)).length;
    const arrived = (): boolean => new Set(this.everything().map(({ id }) => id)).size >= acknowledged;
    // What does not arrive is counted by the rows.
    await until(arrived, { timeoutMs: ARRIVE_LIMIT_MS }).catch(() => undefined);
    for (const [kind, group] of this.groups) await this.note(untilCommitted(this.admin, group, this.topicOf(kind)));
    const retrying = this.groups.get('retry');
    if (retrying !== undefined) await this.note(untilCommitted(this.admin, retrying, `%RETRY%${retrying}`));
  }

  async stop(): Promise<void> {
    for (const consumer of this.consumers) await this.note(consumer.leave());
    await this.undertaker?.shutdown();
  }

  rowOf(kind: Kind): Row {
    const sent = this.sent(kind);
    const received = this.everything().filter(({ id, queue }) =>
      kind === 'dlq' ? id.startsWith('dlq-') : queue.startsWith(`${this.topicOf(kind)}:`),
    );
    const { problems, ...figures } = judge(sent, received);
    const events = this.sender?.events ?? [];
    const failed = events.filter((event) => event.event === 'failed' && event.kind === kind).length;
    const youngestMs = Math.min(...received.map(({ ageMs }) => ageMs));
    const leastAgeMs = LEAST_AGE_MS[kind] ?? 0;
    const all = [
      ...problems,
      ...this.trouble,
      ...(failed > 0 ? [`${failed} sends failed`] : []),
      ...(youngestMs < leastAgeMs ? [`one came after ${youngestMs} ms`] : []),
    ];
    const done = events.find((event) => event.event === 'done' && event.kind === kind);
    return {
      client: this.program.name,
      kind,
      sent: sent.length,
      ...figures,
      seconds: done?.event === 'done' ? done.ms / 1000 : 0,
      ok: sent.length === MESSAGES && figures.lost === 0 && figures.twice === 0 && all.length === 0,
      note: all.length > 0 ? all.join('; ') : remark(kind, youngestMs),
    };
  }

  private topicOf(kind: Kind): string {
    return `${this.name}-${kind}`;
  }

  /** Starts a consumer and waits until it holds every queue of the kinds. */
  private async consume(kinds: readonly Kind[], role: string): Promise<void> {
    const group = `${this.name}-${role}`;
    const subscriptions = kinds.map((kind) => `${this.topicOf(kind)}=${kind === 'tags' ? WANTED_TAGS : '*'}`);
    const consumer = RunningClient.start(this.program, ['consume', this.namesrvAddr, group, ...subscriptions]);
    this.consumers.push(consumer);
    for (const kind of kinds) this.groups.set(kind, group);
    const holdsAll = (): boolean => consumer.held.length === QUEUES * kinds.length;
    await consumer.until(holdsAll, HOLD_LIMIT_MS, `${this.program.name} to hold every queue`);
  }

  /** The dead letters of a group are read by our client, whoever buried them. */
  private async readDeadLetters(role: string): Promise<void> {
    this.undertaker = new PushConsumer({
      namesrvAddr: this.namesrvAddr,
      consumerGroup: `${this.name}-undertakers`,
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      instanceName: this.name,
      pollNameServerInterval: 500,
      rebalanceInterval: 1_000,
    });
    this.undertaker.subscribe(`%DLQ%${this.name}-${role}`);
    this.undertaker.registerMessageListener((messages) => void this.dead.push(...messages.map(receivedEvent)));
    await this.undertaker.start();
  }

  private sent(kind: Kind): string[] {
    const events = this.sender?.events ?? [];
    return events.flatMap((event) => (event.event === 'sent' && event.kind === kind ? [event.id] : []));
  }

  private everything(): ReceivedEvent[] {
    return [...this.consumers.flatMap(({ received }) => received), ...this.dead];
  }

  private async note(work: Promise<unknown>): Promise<void> {
    await work.catch((error: unknown) => this.trouble.push(reasonOf(error)));
  }
}

function remark(kind: Kind, youngestMs: number): string {
  if (kind === 'tags') return `${MESSAGES / 2} of other tags or none rightly kept back`;
  return kind in LEAST_AGE_MS ? `none before ${youngestMs} ms` : '';
}
