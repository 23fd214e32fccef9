import type { CommitEntry, HistoryEntry, QueryEntry, ReadMessage, SendEntry } from './history.js';

/** One sentence about a broken promise. */
type Violation = string;

export interface Verdict {
  violations: Violation[];
  acknowledged: number;
  unanswered: number;
  unansweredButStored: number;
  read: number;
}

const keyOf = ({ producer, sequence }: { producer: number; sequence: number }): string => `${producer}-${sequence}`;

/** Checks all promises by the history and the messages that were read back at the end: L, P, density, O and M below. */
export function check(history: readonly HistoryEntry[], read: readonly ReadMessage[]): Verdict {
  const sends = history.filter((entry): entry is SendEntry => entry.kind === 'send');
  const unanswered = new Set(sends.filter(({ outcome }) => outcome === 'info').map(keyOf));
  return {
    violations: [
      ...checkNothingLost(sends, read),
      ...checkNothingInvented(sends, read),
      ...checkDense(read),
      ...checkOrder(read),
      ...checkOffsetsNeverGoBack(history),
    ],
    acknowledged: sends.length - unanswered.size,
    unanswered: unanswered.size,
    unansweredButStored: read.filter((message) => unanswered.has(keyOf(message))).length,
    read: read.length,
  };
}

/** L (loss): every acknowledged message is at the offset of its acknowledgement, with the same bytes. */
function checkNothingLost(sends: readonly SendEntry[], read: readonly ReadMessage[]): Violation[] {
  const byPlace = new Map(read.map((message) => [`${message.queueId}@${message.queueOffset}`, message]));
  const violations: Violation[] = [];
  for (const send of sends) {
    if (send.outcome !== 'ok') continue;
    const message = byPlace.get(`${send.queueId}@${send.queueOffset}`);
    if (!message) violations.push(`lost: ${keyOf(send)} acknowledged at ${send.queueId}@${send.queueOffset}`);
    else if (message.digest !== send.digest)
      violations.push(`changed: ${keyOf(send)} at ${send.queueId}@${send.queueOffset}`);
  }
  return violations;
}

/** P (phantom): every message that was read was sent with these bytes, and it is stored once. */
function checkNothingInvented(sends: readonly SendEntry[], read: readonly ReadMessage[]): Violation[] {
  const sent = new Map(sends.map((send) => [keyOf(send), send]));
  const seen = new Set<string>();
  const violations: Violation[] = [];
  for (const message of read) {
    const key = keyOf(message);
    const place = `${message.queueId}@${message.queueOffset}`;
    if (sent.get(key)?.digest !== message.digest) violations.push(`invented: ${key} at ${place}`);
    if (seen.has(key)) violations.push(`stored twice: ${key}, again at ${place}`);
    seen.add(key);
  }
  return violations;
}

/** Density: queue offsets are 0, 1, 2, ... without a gap. */
function checkDense(read: readonly ReadMessage[]): Violation[] {
  const next = new Map<number, number>();
  const violations: Violation[] = [];
  for (const { queueId, queueOffset } of read.toSorted(
    (a, b) => a.queueId - b.queueId || a.queueOffset - b.queueOffset,
  )) {
    const expected = next.get(queueId) ?? 0;
    if (queueOffset !== expected) violations.push(`gap: queue ${queueId} has ${queueOffset} where ${expected} belongs`);
    next.set(queueId, queueOffset + 1);
  }
  return violations;
}

/** O (order): in a queue, the messages of one producer have the order in which the producer sent them. */
function checkOrder(read: readonly ReadMessage[]): Violation[] {
  const last = new Map<string, number>();
  const violations: Violation[] = [];
  for (const message of read.toSorted((a, b) => a.queueId - b.queueId || a.queueOffset - b.queueOffset)) {
    const stream = `${message.producer} in queue ${message.queueId}`;
    const before = last.get(stream) ?? -1;
    if (message.sequence <= before) violations.push(`order: ${message.sequence} after ${before} of producer ${stream}`);
    last.set(stream, message.sequence);
  }
  return violations;
}

/** M (monotone): a query never answers a lower offset than was confirmed, and never a higher one than a client wanted to commit. */
function checkOffsetsNeverGoBack(history: readonly HistoryEntry[]): Violation[] {
  const confirmed = new Map<number, number>();
  const asked = new Map<number, number>();
  const violations: Violation[] = [];
  for (const entry of history) {
    if (entry.kind === 'commit') noteCommit(entry, confirmed, asked);
    else if (entry.kind === 'query') violations.push(...judgeQuery(entry, confirmed, asked));
  }
  return violations;
}

function noteCommit(entry: CommitEntry, confirmed: Map<number, number>, asked: Map<number, number>): void {
  asked.set(entry.queueId, Math.max(asked.get(entry.queueId) ?? -1, entry.offset));
  if (entry.outcome === 'ok') confirmed.set(entry.queueId, Math.max(confirmed.get(entry.queueId) ?? -1, entry.offset));
}

function judgeQuery(entry: QueryEntry, confirmed: Map<number, number>, asked: Map<number, number>): Violation[] {
  const { queueId, offset, round } = entry;
  const least = confirmed.get(queueId) ?? -1;
  const most = asked.get(queueId) ?? -1;
  if (offset < least)
    return [`offset went back: queue ${queueId}, round ${round}: ${offset} after ${least} was confirmed`];
  if (offset > most)
    return [`offset invented: queue ${queueId}, round ${round}: ${offset}, at most ${most} was asked for`];
  confirmed.set(queueId, offset);
  return [];
}
