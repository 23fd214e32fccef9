import { check } from './checkers.js';
import type { HistoryEntry, ReadMessage, SendEntry } from './history.js';
import { checkDeletions } from './topic-history.js';
import type { TopicHistory, TopicRead } from './topic-history.js';

interface Planted {
  name: string;
  /** A text that the violation must contain. */
  expected: RegExp;
  plant: (history: HistoryEntry[], read: ReadMessage[]) => void;
}

const FAULTS: readonly Planted[] = [
  { name: 'a lost message', expected: /^lost/, plant: (_, read) => void read.splice(40, 1) },
  { name: 'the last message lost', expected: /^lost/, plant: (_, read) => void read.pop() },
  {
    name: 'a changed byte',
    expected: /^changed/,
    plant: (_, read) => void (messageAt(read, 7).digest = 'other bytes'),
  },
  {
    name: 'a duplicate',
    expected: /^stored twice/,
    plant: (_, read) => void read.push({ ...messageAt(read, 3), queueOffset: 50 }),
  },
  {
    name: 'two messages swapped',
    expected: /^order/,
    plant: (_, read) => {
      const [first, second] = [messageAt(read, 10), messageAt(read, 11)];
      [first.queueOffset, second.queueOffset] = [second.queueOffset, first.queueOffset];
    },
  },
  {
    name: 'a message nobody sent',
    expected: /^invented/,
    plant: (_, read) => void read.push({ ...messageAt(read, 0), sequence: 9999, queueOffset: 50 }),
  },
  { name: 'a gap', expected: /^gap/, plant: (_, read) => void (messageAt(read, 49).queueOffset = 60) },
  {
    name: 'an offset that goes back',
    expected: /^offset went back/,
    plant: (history) => void history.push({ kind: 'query', round: 9, queueId: 0, offset: 4 }),
  },
  {
    name: 'an offset nobody committed',
    expected: /^offset invented/,
    plant: (history) => void history.push({ kind: 'query', round: 9, queueId: 0, offset: 400 }),
  },
];

/** Plants each fault in a correct history. @returns the faults that the checkers missed, and those that they saw in the correct one */
export function findBlindSpots(): string[] {
  const blind: string[] = [];
  const sound = soundRun();
  for (const violation of check(sound.history, sound.read).violations) blind.push(`false alarm: ${violation}`);
  for (const { name, expected, plant } of FAULTS) {
    const { history, read } = soundRun();
    plant(history, read);
    if (!check(history, read).violations.some((violation) => expected.test(violation)))
      blind.push(`not found: ${name}`);
  }
  return [...blind, ...blindSpotsOfDeletions()];
}

interface PlantedDeletion {
  name: string;
  expected: RegExp;
  plant: (history: Writable<TopicHistory>, read: TopicRead[]) => void;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const DELETION_FAULTS: readonly PlantedDeletion[] = [
  {
    name: 'a deleted message that is back',
    expected: /^came back/,
    plant: (_, read) => void read.unshift({ text: 'old 0', queueId: 1, queueOffset: 0 }),
  },
  { name: 'a lost message of the new topic', expected: /^lost/, plant: (_, read) => void read.pop() },
  {
    name: 'a message of the new topic in another place',
    expected: /^lost/,
    plant: (_, read) => read.reverse().forEach((one, index) => Object.assign(one, { queueOffset: index })),
  },
  {
    name: 'a message of the new topic twice',
    expected: /^stored twice/,
    plant: (_, read) => void read.push({ text: 'new 0', queueId: 0, queueOffset: 5 }),
  },
  {
    name: 'a gap in the new topic',
    expected: /^gap/,
    plant: (_, read) => void read.push({ text: 'unanswered', queueId: 0, queueOffset: 9 }),
  },
  {
    name: 'a message of the new topic that nobody sent',
    expected: /^invented/,
    plant: (_, read) => void read.push({ text: 'nobody', queueId: 0, queueOffset: 5 }),
  },
];

/** Five messages before the answered deletion, five after it, and one without an answer. */
function soundDeletion(): { history: TopicHistory; read: TopicRead[] } {
  const of = (text: string, deletions: number) =>
    Array.from({ length: 5 }, (_, index) => ({
      text: `${text} ${index}`,
      queueId: 0,
      queueOffset: index,
      startedIn: deletions,
      answeredIn: deletions,
    }));
  const after = of('new', 1);
  const unanswered = { text: 'unanswered', queueId: 0, queueOffset: -1, startedIn: 1, answeredIn: undefined };
  return {
    history: { sends: [...of('old', 0), ...after, unanswered], requested: 1, answered: 1 },
    read: after.map(({ text, queueId, queueOffset }) => ({ text, queueId, queueOffset })),
  };
}

function blindSpotsOfDeletions(): string[] {
  const sound = soundDeletion();
  const blind = checkDeletions(sound.history, sound.read).map((violation) => `false alarm: ${violation}`);
  for (const { name, expected, plant } of DELETION_FAULTS) {
    const { history, read } = soundDeletion();
    plant(history, read);
    if (!checkDeletions(history, read).some((violation) => expected.test(violation))) blind.push(`not found: ${name}`);
  }
  return blind;
}

export const PLANTED_FAULTS = FAULTS.length + DELETION_FAULTS.length;

function messageAt(read: readonly ReadMessage[], index: number): ReadMessage {
  const message = read[index];
  if (!message) throw new RangeError(`no message ${index}`);
  return message;
}

function soundRun(): { history: HistoryEntry[]; read: ReadMessage[] } {
  const history: HistoryEntry[] = [];
  const read: ReadMessage[] = [];
  for (let index = 0; index < 50; index++) {
    const send: SendEntry = {
      kind: 'send',
      outcome: index % 10 === 9 && index < 40 ? 'info' : 'ok',
      round: 0,
      producer: 1,
      sequence: index,
      queueId: 0,
      digest: `digest ${index}`,
    };
    history.push(send.outcome === 'ok' ? { ...send, queueOffset: index } : send);
    read.push({ queueId: 0, queueOffset: index, producer: 1, sequence: index, digest: send.digest });
  }
  history.push({ kind: 'commit', outcome: 'ok', round: 0, queueId: 0, offset: 10 });
  history.push({ kind: 'commit', outcome: 'info', round: 0, queueId: 0, offset: 12 });
  history.push({ kind: 'query', round: 1, queueId: 0, offset: 11 });
  return { history, read };
}
