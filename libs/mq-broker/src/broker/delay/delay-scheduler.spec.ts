import { beforeEach, describe, expect, it } from '@jest/globals';
import { encodeMessage } from '@rocketshop/mq-protocol';
import type { AppendStatus, GetResult, MessageDraft } from '../../store/index.js';
import { ManualClock } from '../../testing/manual-clock.js';
import { DelayLevels } from './delay-levels.js';
import { DelayScheduler } from './delay-scheduler.js';
import type { DelaySchedulerParts } from './delay-scheduler.js';

/** A schedule topic in memory, and the log that deliveries go to. */
class MemoryStore {
  readonly delivered: MessageDraft[] = [];
  status: AppendStatus = 'PUT_OK';
  isUnreadable = false;
  writtenOffset = 0;
  flushedOffset = 0;
  readonly lastAppend = { physicalOffset: 0, queueOffset: 0, endOffset: 0, storeTimestamp: 0, physicalOffsets: [] };
  private readonly queues = new Map<number, Buffer[]>();

  constructor(private readonly clock: ManualClock) {}

  park(
    level: number,
    body: string,
    properties: Record<string, string> = { REAL_TOPIC: 'orders', REAL_QID: '2' },
  ): void {
    const queue = this.queues.get(level - 1) ?? [];
    this.queues.set(level - 1, queue);
    queue.push(
      encodeMessage({
        topic: 'SCHEDULE_TOPIC_XXXX',
        body: Buffer.from(body),
        flag: 7,
        queueId: level - 1,
        queueOffset: queue.length,
        commitLogOffset: 0,
        sysFlag: 0,
        bornTimestamp: 1,
        bornHost: '10.0.0.1',
        bornPort: 9,
        reconsumeTimes: 3,
        storeTimestamp: this.clock.now(),
        storeHost: '10.0.0.2',
        storePort: 1,
        preparedTransactionOffset: 0,
        properties: { DELAY: String(level), TAGS: 'TagA', ...properties },
      }),
    );
  }

  readonly reader = this;

  getMessages(_topic: string, queueId: number, offset: number, maxCount: number): GetResult {
    if (this.isUnreadable) throw new Error('EMFILE');
    const queue = this.queues.get(queueId) ?? [];
    const buffers = queue.slice(offset, offset + maxCount);
    const nextBeginOffset = buffers.length > 0 ? offset + buffers.length : Math.min(offset, queue.length);
    const status = buffers.length > 0 ? 'FOUND' : 'OFFSET_OVERFLOW_ONE';
    const sizes = { minOffset: 0, maxOffset: queue.length, count: buffers.length, bytes: 0, slow: false };
    return { status, nextBeginOffset, buffers, ...sizes };
  }

  append(draft: MessageDraft): AppendStatus {
    if (this.status !== 'PUT_OK') return this.status;
    this.delivered.push(draft);
    this.lastAppend.endOffset += 100;
    return 'PUT_OK';
  }

  flush(): void {
    this.writtenOffset = this.lastAppend.endOffset;
    this.flushedOffset = this.lastAppend.endOffset;
  }

  get bodies(): string[] {
    return this.delivered.map(({ body }) => body.toString());
  }
}

describe('the delay scheduler', () => {
  let clock: ManualClock;
  let store: MemoryStore;
  let saved: [number, number][];
  let scheduler: DelayScheduler;
  let created: string[];
  let setAside: string[];

  const create = (): DelayScheduler => {
    const file: DelaySchedulerParts['file'] = {
      load: () => new Map(saved),
      save: (offsets) => {
        saved = [...offsets];
        return Promise.resolve();
      },
    };
    const topics = {
      get: () => undefined,
      createInSendBack: (topic: string) => {
        created.push(topic);
        return undefined;
      },
    };
    const undelivered: DelaySchedulerParts['undelivered'] = {
      setAside: (message, _, reason) => void setAside.push(`${message?.body.toString()}: ${reason}`),
    };
    return new DelayScheduler({ store, topics, clock, levels: new DelayLevels('1s 5s 10s'), file, undelivered });
  };

  beforeEach(() => {
    clock = new ManualClock();
    store = new MemoryStore(clock);
    saved = [];
    created = [];
    setAside = [];
    scheduler = create();
  });

  it('goes on with a level as soon as its log can be read again', () => {
    scheduler.start();
    store.park(1, 'one');
    scheduler.onMessage(0);
    store.isUnreadable = true;
    clock.advance(5_000);
    expect(store.bodies).toEqual([]);
    store.isUnreadable = false;
    clock.advance(1_000);
    expect(store.bodies).toEqual(['one']);
  });

  it('delivers when the time has come, to the queue the sender wanted, with all properties', () => {
    scheduler.start();
    clock.advance(10);
    store.park(2, 'later');
    scheduler.onMessage(1);
    clock.advance(4_999);
    expect(store.bodies).toEqual([]);
    clock.advance(1);
    expect(store.delivered).toMatchObject([
      { topic: 'orders', queueId: 2, flag: 7, reconsumeTimes: 3, tagsCode: 2598919 },
    ]);
    const properties = store.delivered[0]?.properties.toString() ?? '';
    expect(properties).toContain('REAL_TOPIC\u0001orders');
    expect(properties).toContain('DELAY\u00012');
    expect(created).toEqual(['orders']);
  });

  it('keeps the order inside a level and takes each level for itself', () => {
    scheduler.start();
    store.park(3, 'slow');
    for (let index = 0; index < 300; index += 1) store.park(1, `${index}`);
    for (const queueId of [0, 2]) scheduler.onMessage(queueId);
    clock.advance(2_000);
    expect(store.bodies).toEqual(Array.from({ length: 300 }, (_, index) => `${index}`));
    clock.advance(8_000);
    expect(store.bodies.at(-1)).toBe('slow');
  });

  it('does not go on before the store took the message', () => {
    scheduler.start();
    store.park(1, 'once');
    scheduler.onMessage(0);
    store.status = 'SERVICE_NOT_AVAILABLE';
    clock.advance(3_000);
    store.status = 'PUT_OK';
    clock.advance(1_000);
    expect(store.bodies).toEqual(['once']);
    expect([...scheduler.offsets()]).toEqual([[1, 1]]);
  });

  it('delivers again what the store took back', () => {
    scheduler.start();
    store.park(1, 'first');
    store.park(1, 'second');
    scheduler.onMessage(0);
    clock.advance(1_000);
    store.writtenOffset = 100;
    scheduler.onWithdrawn();
    expect([...scheduler.offsets()]).toEqual([[1, 1]]);
    store.park(1, 'third');
    scheduler.onMessage(0);
    clock.advance(1_000);
    expect(store.bodies).toEqual(['first', 'second', 'second', 'third']);
  });

  it('delivers what the store took back also when nothing else is delayed', () => {
    scheduler.start();
    store.park(1, 'only');
    scheduler.onMessage(0);
    clock.advance(1_000);
    scheduler.onWithdrawn();
    clock.advance(2_000);
    expect(store.bodies).toEqual(['only', 'only']);
  });

  it('saves its place under steady load too, so that a kill does not deliver everything again', () => {
    scheduler.start();
    for (let second = 0; second < 5; second += 1) {
      store.park(1, `${second}`);
      scheduler.onMessage(0);
      clock.advance(1_000);
      const { endOffset } = store.lastAppend;
      // The disk is always one delivery behind.
      store.writtenOffset = endOffset;
      store.flushedOffset = endOffset - 100;
    }
    const [, place = 0] = saved[0] ?? [];
    expect(place).toBeGreaterThan(0);
    expect(place).toBeLessThan(5);
  });

  it('saves its place only when what it delivered is on the disk, and goes on there', async () => {
    scheduler.start();
    store.park(1, 'first');
    scheduler.onMessage(0);
    clock.advance(5_000);
    expect(saved).toEqual([]);
    store.flush();
    clock.advance(1_000);
    expect(saved).toEqual([[1, 1]]);
    await scheduler.close();

    scheduler = create();
    store.park(1, 'second');
    scheduler.start();
    clock.advance(1_000);
    expect(store.bodies).toEqual(['first', 'second']);
  });

  it('does not wait a year because the clock was set back', () => {
    clock.jump(365 * 86_400_000);
    store.park(1, 'from the future');
    clock.jump(-365 * 86_400_000);
    scheduler.start();
    clock.advance(1_000);
    expect(store.bodies).toEqual(['from the future']);
  });

  it('notices a clock that was set forward', () => {
    scheduler.start();
    store.park(3, 'due');
    scheduler.onMessage(2);
    clock.jump(3_600_000);
    clock.advance(1_000);
    expect(store.bodies).toEqual(['due']);
  });

  it('sets a message aside that cannot be delivered, and goes on with the next one', () => {
    scheduler.start();
    store.park(1, 'lost', {});
    store.park(1, 'found');
    scheduler.onMessage(0);
    clock.advance(1_000);
    expect(store.bodies).toEqual([]);
    clock.advance(3_000);
    expect(store.bodies).toEqual(['found']);
    expect(setAside).toEqual(['lost: it names no real topic']);
  });

  it('sets a message aside that the store does not take, whatever the reason', () => {
    scheduler.start();
    for (const status of ['MESSAGE_ILLEGAL', 'PROPERTIES_SIZE_EXCEEDED'] as const) {
      store.park(1, status);
      scheduler.onMessage(0);
      store.status = status;
      clock.advance(5_000);
    }
    store.status = 'PUT_OK';
    store.park(1, 'good');
    scheduler.onMessage(0);
    clock.advance(2_000);
    expect(store.bodies).toEqual(['good']);
    expect(setAside).toEqual([
      'MESSAGE_ILLEGAL: MESSAGE_ILLEGAL',
      'PROPERTIES_SIZE_EXCEEDED: PROPERTIES_SIZE_EXCEEDED',
    ]);
  });

  it('finds the end again when the log lost its own', () => {
    saved = [[1, 10]];
    scheduler.start();
    clock.advance(10);
    store.park(1, 'new');
    scheduler.onMessage(0);
    clock.advance(1_000);
    expect(store.bodies).toEqual(['new']);
  });
});

describe('delay levels', () => {
  it("are RocketMQ's delays, divided by the time scale", () => {
    const levels = new DelayLevels('1s 5s 1m 2h', 10);
    expect([1, 2, 3, 4, 99].map((level) => levels.delayMs(level))).toEqual([100, 500, 6_000, 720_000, 720_000]);
    expect([levels.levelMax, levels.clamp(99)]).toEqual([4, 4]);
  });

  it('name the step that is none', () => {
    expect(() => new DelayLevels('1s soon')).toThrow('"soon"');
  });
});
