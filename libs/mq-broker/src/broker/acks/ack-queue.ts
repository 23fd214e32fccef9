import { createResponse, ResponseCode } from '@rocketshop/mq-protocol';
import type { AnswerableRequest, Peer, RemotingCommand } from '@rocketshop/mq-protocol';
import type { MessageStore } from '../../store/index.js';
import type { SendAnswerWriter } from '../answers/send-answer-writer.js';
import type { ElapsedClock } from '../broker-clock.js';
import { storeRefusals } from './store-status.js';
import { PendingAcks } from './pending-acks.js';
import type { Ack } from './pending-acks.js';

/** How often the queue looks for answers that are due with FLUSH_DISK_TIMEOUT, ms. */
const EXPIRY_CHECK_INTERVAL_MS = 250;

interface AckQueueOptions {
  flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH';
  syncFlushTimeoutMs: number;
  pendingAcksMax: number;
}

type StoreProgress = Pick<MessageStore, 'writtenOffset' | 'flushedOffset' | 'lastAppend' | 'whenSafe'>;

/**
 * Holds the answer to each stored message until the disk has the message:
 *
 * - until it is written (ASYNC_FLUSH, or the producer sent WAIT=false): a killed process then loses nothing
 * - until it is synced (SYNC_FLUSH): a power cut then loses nothing
 */
export class AckQueue {
  private readonly awaitingWrite = new PendingAcks();
  private readonly awaitingFlush = new PendingAcks();
  private awaitingTable = 0;
  private cancelTimer: (() => void) | undefined;
  private onEmpty: (() => void) | undefined;

  constructor(
    private readonly store: StoreProgress,
    private readonly writer: SendAnswerWriter,
    private readonly clock: ElapsedClock,
    private readonly options: AckQueueOptions,
  ) {}

  /** True when the maximum of answers waits. The next sender is told that the system is busy. */
  get isFull(): boolean {
    return this.size >= this.options.pendingAcksMax;
  }

  get size(): number {
    return this.awaitingWrite.size + this.awaitingFlush.size + this.awaitingTable;
  }

  /** Answers a send when the message that `store.lastAppend` describes is safe. `queueId` is the one that the sender asked for. */
  answerSend(peer: Peer, request: AnswerableRequest, queueId: number, waitStoreMsgOk: boolean): void {
    const ack = this.add(peer, request, waitStoreMsgOk);
    ack.queueId = queueId;
    ack.response = undefined;
  }

  /** Sends `response` when the messages that `store.lastAppend` describes are safe. */
  answerWith(peer: Peer, response: RemotingCommand, waitStoreMsgOk = true): void {
    const ack = this.add(peer, response, waitStoreMsgOk);
    ack.queueId = 0;
    ack.response = response;
  }

  /**
   * As `answerWith`, for a message of a topic that is new or changed: the answer also waits until the topic is `saved`. Otherwise a
   * crash could leave the message in a queue that the topic does not have any more.
   */
  answerWhenSaved(peer: Peer, response: RemotingCommand, saved: Promise<void>): void {
    this.awaitingTable++;
    const answer = (outcome: Partial<RemotingCommand>): void => {
      if (isAnswered) return;
      isAnswered = true;
      cancel();
      this.awaitingTable--;
      if (!peer.closed) peer.reply({ ...response, ...outcome });
      if (this.size === 0) this.onEmpty?.();
    };
    let isAnswered = false;
    const { syncFlushTimeoutMs } = this.options;
    const cancel = this.clock.after(syncFlushTimeoutMs, () => answer({ code: ResponseCode.FLUSH_DISK_TIMEOUT }));
    const [code, remark] = storeRefusals.SERVICE_NOT_AVAILABLE;
    Promise.all([this.store.whenSafe(this.store.lastAppend.endOffset), saved]).then(
      ([isKept]) => answer(isKept ? {} : { code, remark }),
      () => answer({ code, remark }),
    );
  }

  /** The store has written or synced more: sends the answers whose messages are safe now. */
  onProgress(): void {
    if (this.awaitingWrite.size > 0) this.awaitingWrite.settle(this.store.writtenOffset, this.succeed);
    if (this.awaitingFlush.size > 0) this.awaitingFlush.settle(this.store.flushedOffset, this.succeed);
    if (this.onEmpty !== undefined && this.size === 0) this.onEmpty();
  }

  /** The disk was full and the store withdrew the messages that it had not written: their senders are refused. */
  onWithdrawn(): void {
    const fromOffset = this.store.writtenOffset;
    this.awaitingWrite.withdraw(fromOffset, refuse);
    this.awaitingFlush.withdraw(fromOffset, refuse);
  }

  /** Resolves when no answer waits any more, or after `timeoutMs`. */
  drained(timeoutMs: number): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.clock.after(timeoutMs, resolve);
      this.onEmpty = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Drops all answers: the disk failed, and only the recovery at the next start finds out which messages it has. */
  abandon(): void {
    this.awaitingWrite.clear();
    this.awaitingFlush.clear();
    this.close();
    this.onEmpty?.();
  }

  close(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private add(peer: Peer, { serializeType, opaque }: AnswerableRequest, waitStoreMsgOk: boolean): Ack {
    const { endOffset, physicalOffset, queueOffset } = this.store.lastAppend;
    const waitsForFlush = waitStoreMsgOk && this.options.flushDiskType === 'SYNC_FLUSH';
    const ack = (waitsForFlush ? this.awaitingFlush : this.awaitingWrite).add();
    ack.peer = peer;
    ack.serializeType = serializeType;
    ack.opaque = opaque;
    ack.endOffset = endOffset;
    ack.storedAtMs = this.clock.now();
    ack.physicalOffset = physicalOffset;
    ack.queueOffset = queueOffset;
    if (waitsForFlush && this.cancelTimer === undefined) this.armExpiry();
    return ack;
  }

  private readonly succeed = (ack: Ack): void => this.answer(ack, ResponseCode.SUCCESS);
  private readonly timeOut = (ack: Ack): void => this.answer(ack, ResponseCode.FLUSH_DISK_TIMEOUT);

  private answer(ack: Ack, code: number): void {
    const { peer, response } = ack;
    if (peer === undefined || peer.closed) return;
    if (response !== undefined) {
      peer.reply(code === ResponseCode.SUCCESS ? response : { ...response, code });
      return;
    }
    const start = peer.reserve(this.writer.bytesMax);
    peer.commit(this.writer.write(peer.writeBuffer, start, ack, code));
  }

  private armExpiry(): void {
    this.cancelTimer = this.clock.after(EXPIRY_CHECK_INTERVAL_MS, () => {
      this.cancelTimer = undefined;
      this.awaitingFlush.expire(this.clock.now() - this.options.syncFlushTimeoutMs, this.timeOut);
      if (this.awaitingFlush.size > 0) this.armExpiry();
    });
  }
}

function refuse(ack: Ack): void {
  const [code, remark] = storeRefusals.SERVICE_NOT_AVAILABLE;
  if (ack.peer?.closed === false) ack.peer.reply(createResponse(ack, code, { remark }));
}
