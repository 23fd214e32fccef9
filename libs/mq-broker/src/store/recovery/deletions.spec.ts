import { describe, expect, it } from '@jest/globals';
import type { MessageStore } from '../message-store.js';
import { draftOf } from '../testing/drafts.js';
import { messagesOf } from '../testing/reading.js';
import { StoreBox } from '../testing/store-box.js';

const TOPIC = 'orders';
const QUEUES = 2;
const SEEDS = 3;

/** A generator with a seed, so that a failing round can be run again. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** What one queue must hold: the messages since the last answered deletion, by offset. */
interface Sent {
  readonly text: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly endOffset: number;
  /** Counts the deletions. */
  readonly generation: number;
}

class Load {
  sent: Sent[] = [];
  generation = 0;
  /** The last deletion that was answered. */
  answered = 0;
  private next = 0;

  constructor(
    readonly store: MessageStore,
    private readonly random: () => number,
  ) {}

  /** Sends that nothing waits for. */
  send(count: number): void {
    for (let index = 0; index < count; index++) {
      const text = `m${this.next++}-${'x'.repeat(Math.floor(this.random() * 200))}`;
      const queueId = Math.floor(this.random() * QUEUES);
      if (this.store.append(draftOf(TOPIC, queueId, text)) !== 'PUT_OK') return;
      const { queueOffset, endOffset } = this.store.lastAppend;
      this.sent.push({ text, queueId, queueOffset, endOffset, generation: this.generation });
    }
  }

  /** Deletes the topic while sends are under way. */
  delete(): Promise<void> {
    const generation = ++this.generation;
    return Promise.resolve(this.store.deleteTopic(TOPIC)).then(() => {
      this.answered = Math.max(this.answered, generation);
    });
  }

  acknowledged(isSync: boolean): readonly Sent[] {
    const safe = isSync ? this.store.flushedOffset : this.store.writtenOffset;
    return this.sent.filter(({ endOffset, generation }) => endOffset <= safe && generation >= this.answered);
  }
}

function visible(store: MessageStore): string[][] {
  return Array.from({ length: QUEUES }, (_, queueId) =>
    messagesOf(store, TOPIC, queueId).map(({ queueOffset, body }) => `${queueOffset} ${body}`),
  );
}

type End = 'stop' | 'kill' | 'power cut';

async function round(seed: number, inFlight: number, isSync: boolean, end: End): Promise<string[]> {
  const random = randomOf(seed);
  const box = new StoreBox({ flushDiskType: isSync ? 'SYNC_FLUSH' : 'ASYNC_FLUSH', mappedFileUnitsConsumeQueue: 64 });
  let store = await box.open();
  const load = new Load(store, random);
  const answers: Promise<void>[] = [];
  const turns = 4 + Math.floor(random() * 8);
  for (let turn = 0; turn < turns; turn++) {
    load.send(Math.ceil(inFlight * random()));
    if (random() < 0.4) {
      answers.push(load.delete());
      load.send(Math.ceil(inFlight * random()));
    }
    if (random() < 0.7) await nextTurn();
    if (random() < 0.3) await Promise.all(answers.splice(0));
  }
  const isPowerCut = end === 'power cut';
  const acknowledged = load.acknowledged(isSync || isPowerCut);
  const { answered } = load;
  if (end === 'stop') {
    await Promise.all(answers);
    await store.close();
  } else if (isPowerCut) box.cutPower();
  else box.kill();
  const before = end === 'stop' ? load.sent.filter(({ generation }) => generation === load.generation) : acknowledged;
  if (random() < 0.4) box.loseQueues();
  store = await box.open();
  const problems = problemsOf(visible(store), before, load.sent, isPowerCut && !isSync ? 0 : answered, end);
  await store.close();
  return problems.map(
    (problem) => `seed ${seed}, ${inFlight} in flight, ${isSync ? 'sync' : 'async'}, ${end}: ${problem}`,
  );
}

function problemsOf(
  queues: string[][],
  expected: readonly Sent[],
  sent: readonly Sent[],
  answered: number,
  end: End,
): string[] {
  const problems: string[] = [];
  const generations = new Map(sent.map((one) => [one.text, one.generation]));
  const seen = new Set<number>();
  for (const text of queues.flat()) {
    const generation = generations.get(text.slice(text.indexOf(' ') + 1));
    if (generation === undefined) problems.push(`${text.slice(0, 20)} was never sent`);
    else seen.add(generation);
  }
  if (seen.size > 1) problems.push(`messages of ${seen.size} generations are visible`);
  for (const generation of seen) {
    if (generation < answered) problems.push(`deleted messages of generation ${generation} are back`);
  }
  const newest = Math.max(...seen, 0);
  const have = new Set(queues.flatMap((texts, queueId) => texts.map((text) => `${queueId} ${text}`)));
  const lost = expected.filter(
    ({ queueId, queueOffset, text, generation }) =>
      generation >= newest && !have.has(`${queueId} ${queueOffset} ${text}`),
  );
  if (lost.length > 0) problems.push(`${lost.length} of ${expected.length} acknowledged messages are gone`);
  if (end === 'stop' && have.size !== expected.length) problems.push(`${have.size} instead of ${expected.length}`);
  return problems;
}

describe('a topic that is deleted and made again while messages are sent to it', () => {
  const ENDS: readonly End[] = ['stop', 'kill', 'power cut'];
  it.each([5, 60, 300])(
    'keeps what was acknowledged after it, and nothing of before: %s in flight',
    async (inFlight) => {
      const problems: string[] = [];
      for (let seed = 1; seed <= SEEDS; seed++) {
        for (const isSync of [true, false]) {
          for (const end of ENDS) problems.push(...(await round(seed, inFlight, isSync, end)));
        }
      }
      expect(problems).toEqual([]);
    },
  );
});
