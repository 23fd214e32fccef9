import type { Peer, RemotingCommand } from '@rocketshop/mq-protocol';
import type { SendAnswer } from '../answers/send-answer-writer.js';

/** A stored message, or a stored batch, whose sender has no answer yet. */
export interface Ack extends SendAnswer {
  /** Undefined only while the entry is unused. */
  peer: Peer | undefined;
  /** The answer may leave when the disk has the log up to here. */
  endOffset: number;
  /** By the broker's clock for durations. */
  storedAtMs: number;
  /** The complete answer, for a request that is not a send of one message. */
  response: RemotingCommand | undefined;
}

/**
 * Acknowledgements that wait for the disk, in log order: end offsets only grow, so settling takes from the head.
 *
 * The entries are a ring of records that are filled again, not a promise for each message: at 100,000 messages a second a
 * promise, its closure and its reactions cost more than the rest of the send.
 */
export class PendingAcks {
  private entries: Ack[];
  private head = 0;
  private tail = 0;

  /** @param initialCapacity a power of two; a full ring doubles */
  constructor(initialCapacity = 1024) {
    this.entries = Array.from({ length: initialCapacity }, unusedAck);
  }

  get size(): number {
    return this.tail - this.head;
  }

  /** Adds an entry at the end and returns it. The caller sets every field: the entry still holds the values of its last use. */
  add(): Ack {
    if (this.size === this.entries.length) this.grow();
    return this.at(this.tail++);
  }

  /** Hands over every entry that ends at or before `safeOffset`, oldest first. */
  settle(safeOffset: number, visit: (ack: Ack) => void): void {
    while (this.size > 0 && this.at(this.head).endOffset <= safeOffset) this.release(this.at(this.head++), visit);
  }

  /** Hands over every entry that was stored before `storedBeforeMs`, oldest first. */
  expire(storedBeforeMs: number, visit: (ack: Ack) => void): void {
    while (this.size > 0 && this.at(this.head).storedAtMs < storedBeforeMs) this.release(this.at(this.head++), visit);
  }

  /** Hands over every entry that ends after `fromOffset`, newest first. */
  withdraw(fromOffset: number, visit: (ack: Ack) => void): void {
    while (this.size > 0 && this.at(this.tail - 1).endOffset > fromOffset) this.release(this.at(--this.tail), visit);
  }

  /** Drops every entry. */
  clear(): void {
    while (this.size > 0) this.release(this.at(this.head++), () => undefined);
  }

  /** An entry that is not used any more must not keep its connection and its answer in memory. */
  private release(ack: Ack, visit: (ack: Ack) => void): void {
    visit(ack);
    ack.peer = undefined;
    ack.response = undefined;
  }

  private at(position: number): Ack {
    return this.entries[position & (this.entries.length - 1)] as Ack;
  }

  private grow(): void {
    const first = this.head & (this.entries.length - 1);
    const inOrder = [...this.entries.slice(first), ...this.entries.slice(0, first)];
    this.tail = this.size;
    this.head = 0;
    this.entries = [...inOrder, ...Array.from({ length: inOrder.length }, unusedAck)];
  }
}

function unusedAck(): Ack {
  return {
    peer: undefined,
    serializeType: 'JSON',
    opaque: 0,
    queueId: 0,
    queueOffset: 0,
    physicalOffset: 0,
    endOffset: 0,
    storedAtMs: 0,
    response: undefined,
  };
}
