import {
  createResponse,
  ResponseCode,
  type Peer,
  type RemotingCommand,
  type SendAnswerWriter,
  type SerializeType,
} from '@rocketshop/mq-protocol';
import type { MessageStore } from '../../store/index.js';
import type { BrokerClock } from '../broker-clock.js';
import { storeRefusals } from './store-status.js';
import { PendingAcks, type AckSink } from './pending-acks.js';

/** How often waiting answers are looked at for FLUSH_DISK_TIMEOUT, ms. */
const EXPIRY_CHECK_INTERVAL_MS = 250;

export interface AckQueueOptions {
  flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH';
  syncFlushTimeoutMs: number;
  pendingAcksMax: number;
}

type StoreProgress = Pick<MessageStore, 'writtenOffset' | 'flushedOffset' | 'lastAppend'>;

/**
 * Where answers wait until the disk has what they confirm: until it is written (ASYNC_FLUSH, or the sender said WAIT=false;
 * a killed process loses nothing), or until it is synced (SYNC_FLUSH; a power cut loses nothing).
 */
export class AckQueue implements AckSink {
  private readonly awaitingWrite: PendingAcks;
  private readonly awaitingFlush: PendingAcks;
  private cancelTimer: (() => void) | undefined;
  private onEmpty: (() => void) | undefined;

  constructor(
    private readonly store: StoreProgress,
    private readonly writer: SendAnswerWriter,
    private readonly clock: BrokerClock,
    private readonly options: AckQueueOptions,
  ) {
    this.awaitingWrite = new PendingAcks(options.pendingAcksMax);
    this.awaitingFlush = new PendingAcks(options.pendingAcksMax);
  }

  /** True when as many senders wait as may wait: the next one is told that the system is busy. */
  get isFull(): boolean {
    return this.awaitingWrite.size + this.awaitingFlush.size >= this.options.pendingAcksMax;
  }

  get size(): number {
    return this.awaitingWrite.size + this.awaitingFlush.size;
  }

  /** Answers a send when what `store.lastAppend` describes is safe. `queueId` is the one the sender asked for. */
  answerSend(peer: Peer, opaque: number, serializeType: SerializeType, queueId: number, waitStoreMsgOk: boolean): void {
    this.push(peer, serializeType, opaque, queueId, waitStoreMsgOk, undefined);
  }

  /** Sends `response` when what `store.lastAppend` describes is safe. */
  answerWith(peer: Peer, response: RemotingCommand, waitStoreMsgOk = true): void {
    this.push(peer, response.serializeType, response.opaque, 0, waitStoreMsgOk, response);
  }

  /** For the rings: writes one answer. */
  answer(
    peer: Peer,
    serializeType: SerializeType,
    opaque: number,
    code: number,
    physicalOffset: number,
    queueId: number,
    queueOffset: number,
    response: RemotingCommand | undefined,
  ): void {
    if (response !== undefined) {
      peer.reply(code === ResponseCode.SUCCESS ? response : { ...response, code });
      return;
    }
    const start = peer.reserve(this.writer.bytesMax);
    const target = peer.writeBuffer;
    peer.commit(this.writer.write(target, start, serializeType, opaque, code, queueId, queueOffset, physicalOffset));
  }

  /** The store has written or synced more: tells everybody whose message is safe now. */
  onProgress(): void {
    if (this.awaitingWrite.size > 0) this.awaitingWrite.settle(this.store.writtenOffset, ResponseCode.SUCCESS, this);
    if (this.awaitingFlush.size > 0) this.awaitingFlush.settle(this.store.flushedOffset, ResponseCode.SUCCESS, this);
    if (this.onEmpty !== undefined && this.size === 0) this.onEmpty();
  }

  /** The disk was full and the store took back what it had not written: those senders are refused. */
  onWithdrawn(): void {
    const fromOffset = this.store.writtenOffset;
    for (const pending of [this.awaitingWrite, this.awaitingFlush]) {
      for (const { peer, serializeType, opaque } of pending.withdraw(fromOffset)) {
        const [code, remark] = storeRefusals.SERVICE_NOT_AVAILABLE;
        if (!peer.closed) peer.reply(createResponse({ opaque, serializeType }, code, { remark }));
      }
    }
  }

  /** Resolves when nobody waits any more, or after `timeoutMs`. */
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

  /** Nobody is told anything any more: the disk failed, and what it has is found out by recovery. */
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

  private push(
    peer: Peer,
    serializeType: SerializeType,
    opaque: number,
    queueId: number,
    waitStoreMsgOk: boolean,
    response: RemotingCommand | undefined,
  ): void {
    const { endOffset, storeTimestamp, physicalOffset, queueOffset } = this.store.lastAppend;
    const waitsForFlush = waitStoreMsgOk && this.options.flushDiskType === 'SYNC_FLUSH';
    const pending = waitsForFlush ? this.awaitingFlush : this.awaitingWrite;
    pending.push(
      endOffset,
      storeTimestamp,
      peer,
      serializeType,
      opaque,
      physicalOffset,
      queueId,
      queueOffset,
      response,
    );
    if (waitsForFlush && this.cancelTimer === undefined) this.armExpiry();
  }

  private armExpiry(): void {
    this.cancelTimer = this.clock.after(EXPIRY_CHECK_INTERVAL_MS, () => {
      this.cancelTimer = undefined;
      const storedBefore = this.clock.now() - this.options.syncFlushTimeoutMs;
      this.awaitingFlush.expire(storedBefore, ResponseCode.FLUSH_DISK_TIMEOUT, this);
      if (this.awaitingFlush.size > 0) this.armExpiry();
    });
  }
}
