import { check } from './checkers.js';
import type { HistoryEntry, ReadMessage, SendEntry } from './history.js';

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
  return blind;
}

export const PLANTED_FAULTS = FAULTS.length;

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
