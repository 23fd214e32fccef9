import { beforeEach, describe, expect, it } from '@jest/globals';
import { createResponse, decodeFrame, ResponseCode } from '@rocketshop/mq-protocol';
import type { Peer, RemotingCommand } from '@rocketshop/mq-protocol';
import { ManualClock } from '../../testing/manual-clock.js';
import { SendAnswerWriter } from '../answers/send-answer-writer.js';
import { AckQueue } from './ack-queue.js';

/** The part of a peer that the queue uses: the outgoing slab, and complete answers. */
class AnswersOfPeer {
  readonly answers: RemotingCommand[] = [];
  closed = false;
  readonly writeBuffer = Buffer.alloc(4096);

  reserve(): number {
    return 0;
  }

  commit(end: number): void {
    this.answers.push(decodeFrame(Buffer.from(this.writeBuffer.subarray(0, end))));
  }

  reply(command: RemotingCommand): void {
    this.answers.push(command);
  }
}

describe('the ack queue', () => {
  const store = {
    writtenOffset: 0,
    whenSafe: () => Promise.resolve(true),
    flushedOffset: 0,
    lastAppend: { physicalOffset: 0, queueOffset: 0, endOffset: 0, storeTimestamp: 0, physicalOffsets: [] },
  };
  let clock: ManualClock;
  let peer: AnswersOfPeer;

  const ackQueueOf = (flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH'): AckQueue => {
    const writer = new SendAnswerWriter({ storeHost: '10.0.0.1', storePort: 10_911 });
    return new AckQueue(store, writer, clock, { flushDiskType, syncFlushTimeoutMs: 5_000, pendingAcksMax: 4 });
  };
  const send = (acks: AckQueue, opaque: number, waitStoreMsgOk = true): void => {
    store.lastAppend = { ...store.lastAppend, endOffset: opaque * 100, storeTimestamp: clock.now() };
    acks.answerSend(peer as unknown as Peer, { opaque, serializeType: 'JSON' }, 2, waitStoreMsgOk);
  };
  const answered = (): [opaque: number, code: number][] => peer.answers.map(({ opaque, code }) => [opaque, code]);

  beforeEach(() => {
    clock = new ManualClock();
    peer = new AnswersOfPeer();
    store.writtenOffset = 0;
    store.flushedOffset = 0;
  });

  it('answers with ASYNC_FLUSH when the message is written', () => {
    const acks = ackQueueOf('ASYNC_FLUSH');
    send(acks, 1);
    send(acks, 2);
    acks.onProgress();
    expect(answered()).toEqual([]);
    store.writtenOffset = 100;
    acks.onProgress();
    expect(answered()).toEqual([[1, 0]]);
    expect(peer.answers[0]?.extFields).toMatchObject({ queueId: '2', MSG_REGION: 'DefaultRegion' });
  });

  it('answers with SYNC_FLUSH when the message is synced, unless the sender does not want to wait', () => {
    const acks = ackQueueOf('SYNC_FLUSH');
    send(acks, 1);
    send(acks, 2, false);
    store.writtenOffset = 200;
    acks.onProgress();
    expect(answered()).toEqual([[2, 0]]);
    store.flushedOffset = 200;
    acks.onProgress();
    expect(answered()).toEqual([
      [2, 0],
      [1, 0],
    ]);
  });

  it('says FLUSH_DISK_TIMEOUT when the sync takes too long, and nothing afterwards', () => {
    const acks = ackQueueOf('SYNC_FLUSH');
    send(acks, 1);
    clock.advance(5_000);
    expect(answered()).toEqual([]);
    clock.advance(500);
    expect(answered()).toEqual([[1, 10]]);
    store.flushedOffset = 100;
    acks.onProgress();
    expect(answered()).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  it('refuses what the disk had no room for', () => {
    const acks = ackQueueOf('ASYNC_FLUSH');
    for (const opaque of [1, 2, 3]) send(acks, opaque);
    store.writtenOffset = 100;
    acks.onWithdrawn();
    acks.onProgress();
    expect(answered()).toEqual([
      [3, 14],
      [2, 14],
      [1, 0],
    ]);
  });

  it('is full at its maximum, and drained when everybody is answered', async () => {
    const acks = ackQueueOf('ASYNC_FLUSH');
    for (const opaque of [1, 2, 3, 4]) send(acks, opaque);
    expect(acks.isFull).toBe(true);
    const drained = acks.drained(60_000);
    store.writtenOffset = 400;
    acks.onProgress();
    await drained;
    expect([acks.isFull, acks.size, clock.timers]).toEqual([false, 0, 0]);
  });

  it('sends the answer that another processor made', () => {
    const acks = ackQueueOf('ASYNC_FLUSH');
    const response = createResponse({ opaque: 7, serializeType: 'ROCKETMQ' }, 0);
    store.lastAppend = { ...store.lastAppend, endOffset: 100 };
    acks.answerWith(peer as unknown as Peer, response);
    store.writtenOffset = 100;
    acks.onProgress();
    expect(peer.answers).toEqual([response]);
  });

  it('sends nothing to a connection that is closed', () => {
    const acks = ackQueueOf('ASYNC_FLUSH');
    send(acks, 1);
    peer.closed = true;
    store.writtenOffset = 100;
    acks.onProgress();
    expect([answered(), acks.size]).toEqual([[], 0]);
  });

  it('tells nobody anything once the disk failed', () => {
    const acks = ackQueueOf('SYNC_FLUSH');
    send(acks, 1);
    acks.abandon();
    store.flushedOffset = 100;
    acks.onProgress();
    clock.advance(10_000);
    expect(answered()).toEqual([]);
  });

  it('wait until the topic is saved too, when it is new', async () => {
    const acks = ackQueueOf('ASYNC_FLUSH');
    let saved = (): void => undefined;
    const response = { code: 0, opaque: 9 } as unknown as RemotingCommand;
    acks.answerWhenSaved(peer as unknown as Peer, response, new Promise((resolve) => (saved = resolve)));
    await Promise.resolve();
    expect([acks.size, answered()]).toEqual([1, []]);
    saved();
    await acks.drained(1_000);
    expect([acks.size, answered()]).toEqual([0, [[9, 0]]]);
  });

  it('refuse when the topic could not be saved', async () => {
    const acks = ackQueueOf('ASYNC_FLUSH');
    const response = { code: 0, opaque: 9 } as unknown as RemotingCommand;
    acks.answerWhenSaved(peer as unknown as Peer, response, Promise.reject(new Error('no space')));
    await acks.drained(1_000);
    expect(answered()).toEqual([[9, ResponseCode.SERVICE_NOT_AVAILABLE]]);
  });
});
