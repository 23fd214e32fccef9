import type { AdminClient } from '@rocketshop/mq-client';
import { until } from '../support/until.js';
import type { ClientProgram } from './clients/client-programs.js';
import { RunningClient } from './clients/running-client.js';
import { DELAY_LEVEL_MS, WANTED_TAGS, type Kind } from './kinds.js';
import { judge, reasonOf, type Row } from './report.js';
import { untilCommitted } from './untils.js';

const MESSAGES = 1_000;
const QUEUES = 4;
const SEND_LIMIT_MS = 120_000;
const HOLD_LIMIT_MS = 60_000;
const ARRIVE_LIMIT_MS = 60_000;

/**
 * A client sends `MESSAGES` of every kind it offers while a consumer of the same client takes them by push: a row a kind.
 * The consumer holds every queue before the first send, so nothing disturbs the run: none may be lost, none come twice.
 */
export async function sendAndConsume(
  program: ClientProgram,
  namesrvAddr: string,
  admin: AdminClient,
  label = '',
): Promise<Row[]> {
  const prefix = `${program.name.replaceAll(/\W/g, '-')}${label}`;
  const topicOf = (kind: Kind): string => `compat-${prefix}-${kind}`;
  const group = `compat-${prefix}-consumers`;
  for (const kind of program.kinds) await admin.createTopic(topicOf(kind), { readQueueNums: QUEUES });
  const subscriptions = program.kinds.map((kind) => `${topicOf(kind)}=${kind === 'tags' ? WANTED_TAGS : '*'}`);
  const consumer = RunningClient.start(program, ['consume', namesrvAddr, group, ...subscriptions]);
  const holdsAll = (): boolean => consumer.held.length === QUEUES * program.kinds.length;
  await consumer.until(holdsAll, HOLD_LIMIT_MS, `${program.name} to hold every queue`);
  const jobs = program.kinds.map((kind) => `${kind}=${topicOf(kind)}`);
  const sender = RunningClient.start(program, ['send', namesrvAddr, String(MESSAGES), ...jobs]);
  await sender.finish(SEND_LIMIT_MS);

  const sent = (kind: Kind): string[] =>
    sender.events.flatMap((event) => (event.event === 'sent' && event.kind === kind ? [event.id] : []));
  const acknowledged = program.kinds.flatMap(sent);
  const arrived = (): boolean => new Set(consumer.received.map(({ id }) => id)).size >= acknowledged.length;
  // What does not arrive is counted below.
  await until(arrived, { timeoutMs: ARRIVE_LIMIT_MS }).catch(() => undefined);
  const trouble: string[] = [];
  const collect = (error: unknown): void => void trouble.push(reasonOf(error));
  for (const kind of program.kinds) await untilCommitted(admin, group, topicOf(kind)).catch(collect);
  await consumer.leave().catch(collect);

  return program.kinds.map((kind) => rowOf(program, kind, topicOf(kind), sender, sent(kind), consumer, trouble));
}

function rowOf(
  program: ClientProgram,
  kind: Kind,
  topic: string,
  sender: RunningClient,
  sent: readonly string[],
  consumer: RunningClient,
  trouble: readonly string[],
): Row {
  const received = consumer.received.filter(({ queue }) => queue.startsWith(`${topic}:`));
  const { problems, ...figures } = judge(sent, received);
  const failed = sender.events.filter((event) => event.event === 'failed' && event.kind === kind).length;
  const youngestMs = Math.min(...received.map(({ ageMs }) => ageMs));
  const all = [
    ...problems,
    ...trouble,
    ...(failed > 0 ? [`${failed} sends failed`] : []),
    ...(kind === 'delay' && youngestMs < DELAY_LEVEL_MS ? [`one came after ${youngestMs} ms`] : []),
  ];
  const done = sender.events.find((event) => event.event === 'done' && event.kind === kind);
  return {
    client: program.name,
    kind,
    sent: sent.length,
    ...figures,
    seconds: done?.event === 'done' ? done.ms / 1000 : 0,
    ok: sent.length === MESSAGES && figures.lost === 0 && figures.twice === 0 && all.length === 0,
    note: all.length > 0 ? all.join('; ') : remark(kind, youngestMs),
  };
}

function remark(kind: Kind, youngestMs: number): string {
  if (kind === 'tags') return `${MESSAGES / 2} of other tags or none rightly kept back`;
  return kind === 'delay' ? `none before ${youngestMs} ms` : '';
}
