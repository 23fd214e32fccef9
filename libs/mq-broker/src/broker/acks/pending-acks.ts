import type { Peer, RemotingCommand, SerializeType } from '@rocketshop/mq-protocol';

/** What one stored message (or batch) still owes its sender. */
export interface AckSink {
  /** Called in log order. `response` is ready-made by a processor that is not a single send. */
  answer(
    peer: Peer,
    serializeType: SerializeType,
    opaque: number,
    code: number,
    physicalOffset: number,
    queueId: number,
    queueOffset: number,
    response: RemotingCommand | undefined,
  ): void;
}

export interface WithdrawnAck {
  peer: Peer;
  serializeType: SerializeType;
  opaque: number;
}

/**
 * Stored messages whose senders wait for the disk, in log order.
 *
 * A ring of numbers instead of a promise a message: at 100,000 messages a second a promise, its closure and its reactions
 * cost more than the rest of the send. The end offsets only grow, so settling is popping from the head.
 */
export class PendingAcks {
  private capacity: number;
  private mask: number;
  private head = 0;
  private tail = 0;
  private endOffsets: Float64Array;
  private physicalOffsets: Float64Array;
  private queueOffsets: Float64Array;
  private storedAtMs: Float64Array;
  private opaques: Int32Array;
  private queueIds: Int32Array;
  /** 1 for a request with a binary header. */
  private binaries: Uint8Array;
  private peers: (Peer | undefined)[];
  private responses: (RemotingCommand | undefined)[];

  /** @param answersMax what may wait at most; the ring grows to it by doubling and is a power of two. */
  constructor(
    private readonly answersMax: number,
    initialCapacity = 1024,
  ) {
    this.capacity = initialCapacity;
    this.mask = initialCapacity - 1;
    this.endOffsets = new Float64Array(initialCapacity);
    this.physicalOffsets = new Float64Array(initialCapacity);
    this.queueOffsets = new Float64Array(initialCapacity);
    this.storedAtMs = new Float64Array(initialCapacity);
    this.opaques = new Int32Array(initialCapacity);
    this.queueIds = new Int32Array(initialCapacity);
    this.binaries = new Uint8Array(initialCapacity);
    this.peers = Array.from({ length: initialCapacity });
    this.responses = Array.from({ length: initialCapacity });
  }

  get size(): number {
    return this.tail - this.head;
  }

  get isFull(): boolean {
    return this.tail - this.head >= this.answersMax;
  }

  push(
    endOffset: number,
    storedAtMs: number,
    peer: Peer,
    serializeType: SerializeType,
    opaque: number,
    physicalOffset: number,
    queueId: number,
    queueOffset: number,
    response: RemotingCommand | undefined,
  ): void {
    if (this.tail - this.head === this.capacity) this.grow();
    const slot = this.tail & this.mask;
    this.tail += 1;
    this.endOffsets[slot] = endOffset;
    this.storedAtMs[slot] = storedAtMs;
    this.peers[slot] = peer;
    this.binaries[slot] = serializeType === 'ROCKETMQ' ? 1 : 0;
    this.opaques[slot] = opaque;
    this.physicalOffsets[slot] = physicalOffset;
    this.queueIds[slot] = queueId;
    this.queueOffsets[slot] = queueOffset;
    this.responses[slot] = response;
  }

  /** Answers everything stored below `safeOffset` with `code`. */
  settle(safeOffset: number, code: number, sink: AckSink): void {
    while (this.head !== this.tail && (this.endOffsets[this.head & this.mask] ?? 0) <= safeOffset) this.pop(code, sink);
  }

  /** Answers what was stored before `storedBeforeMs` and is still not safe. */
  expire(storedBeforeMs: number, code: number, sink: AckSink): void {
    while (this.head !== this.tail && (this.storedAtMs[this.head & this.mask] ?? 0) < storedBeforeMs)
      this.pop(code, sink);
  }

  /** Takes back, newest first, what ends behind `fromOffset`: it never reached the disk. */
  withdraw(fromOffset: number): WithdrawnAck[] {
    const withdrawn: WithdrawnAck[] = [];
    while (this.head !== this.tail) {
      const slot = (this.tail - 1) & this.mask;
      if ((this.endOffsets[slot] ?? 0) <= fromOffset) break;
      const peer = this.peers[slot];
      if (peer !== undefined) {
        const serializeType = this.binaries[slot] === 1 ? 'ROCKETMQ' : 'JSON';
        withdrawn.push({ peer, serializeType, opaque: this.opaques[slot] ?? 0 });
      }
      this.peers[slot] = undefined;
      this.responses[slot] = undefined;
      this.tail -= 1;
    }
    return withdrawn;
  }

  /** Forgets everything unanswered: after a failed sync nobody may be told anything. */
  clear(): void {
    while (this.head !== this.tail) this.release();
  }

  private pop(code: number, sink: AckSink): void {
    const slot = this.head & this.mask;
    const peer = this.peers[slot];
    const response = this.responses[slot];
    const serializeType = this.binaries[slot] === 1 ? 'ROCKETMQ' : 'JSON';
    const opaque = this.opaques[slot] ?? 0;
    const physicalOffset = this.physicalOffsets[slot] ?? 0;
    const queueId = this.queueIds[slot] ?? 0;
    const queueOffset = this.queueOffsets[slot] ?? 0;
    this.release();
    if (peer === undefined || peer.closed) return;
    sink.answer(peer, serializeType, opaque, code, physicalOffset, queueId, queueOffset, response);
  }

  private release(): void {
    const slot = this.head & this.mask;
    this.peers[slot] = undefined;
    this.responses[slot] = undefined;
    this.head += 1;
  }

  private grow(): void {
    const grown = new PendingAcks(this.answersMax, this.capacity * 2);
    for (let position = this.head; position !== this.tail; position += 1) {
      const slot = position & this.mask;
      const peer = this.peers[slot];
      if (peer === undefined) continue;
      grown.push(
        this.endOffsets[slot] ?? 0,
        this.storedAtMs[slot] ?? 0,
        peer,
        this.binaries[slot] === 1 ? 'ROCKETMQ' : 'JSON',
        this.opaques[slot] ?? 0,
        this.physicalOffsets[slot] ?? 0,
        this.queueIds[slot] ?? 0,
        this.queueOffsets[slot] ?? 0,
        this.responses[slot],
      );
    }
    this.capacity = grown.capacity;
    this.mask = grown.mask;
    this.head = grown.head;
    this.tail = grown.tail;
    this.endOffsets = grown.endOffsets;
    this.physicalOffsets = grown.physicalOffsets;
    this.queueOffsets = grown.queueOffsets;
    this.storedAtMs = grown.storedAtMs;
    this.opaques = grown.opaques;
    this.queueIds = grown.queueIds;
    this.binaries = grown.binaries;
    this.peers = grown.peers;
    this.responses = grown.responses;
  }
}
