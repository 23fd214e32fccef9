import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import type { QueueTable } from '../consume-queue/queue-table.js';
import { UNIT_BYTES } from '../consume-queue/unit-layout.js';
import { viewOf } from '../record/record-layout.js';
import { copyToWire, storeTimestampOf, wireSizeOf } from '../record/record-reader.js';
import type { DamageReport } from '../recovery/damage-report.js';
import type { BoundaryType, GetResult, GetStatus, RecordAllocator, TagMatcher } from '../store.types.js';
import type { RecordSource } from './record-source.js';

/** Consume queue bytes looked at for one filtered pull (DefaultMessageStore: maxFilterMessageSize). */
const SCAN_BYTES_MIN = 16_000;
/** MessageStoreConfig: maxTransferBytesOnMessageInMemory and the like. At least one message is always returned. */
const RECENT = { bytes: 262_144, count: 32 };
const OLD = { bytes: 65_536, count: 8 };
/**
 * Records with a gap of at most this between them are read together: copying 16 KiB costs what a system call does, and what
 * lies between belongs to the other queues of the topic, which are likely read next.
 */
const COALESCE_GAP_BYTES = 16 * 1024;

const allocateUnsafe: RecordAllocator = (bytes) => Buffer.allocUnsafe(bytes);

export interface LogBounds {
  minOffset: number;
  endOffset: number;
  memoryDistanceBytes: number;
}

interface Wanted {
  physicalOffset: number;
  size: number;
  queueOffset: number;
}

/** Looks messages up by queue offset, physical offset and time. Everything is synchronous. */
export class MessageReader {
  private readonly wanted: Wanted[] = [];
  private wantedCount = 0;

  constructor(
    private readonly queues: QueueTable,
    private readonly records: RecordSource,
    private readonly damage: DamageReport,
    private readonly bounds: () => LogBounds,
  ) {}

  getMessages(
    topic: string,
    queueId: number,
    offset: number,
    maxCount: number,
    maxBytes: number,
    matches?: TagMatcher,
    allocate: RecordAllocator = allocateUnsafe,
  ): GetResult {
    const queue = this.queues.find(topic, queueId);
    if (!queue) return emptyResult('NO_MATCHED_LOGIC_QUEUE', 0, 0, 0);
    const { minOffset, maxOffset } = queue;
    if (maxOffset === 0) return emptyResult('NO_MESSAGE_IN_QUEUE', 0, 0, 0);
    if (offset < minOffset) return emptyResult('OFFSET_TOO_SMALL', minOffset, minOffset, maxOffset);
    if (offset === maxOffset) return emptyResult('OFFSET_OVERFLOW_ONE', offset, minOffset, maxOffset);
    if (offset > maxOffset) return emptyResult('OFFSET_OVERFLOW_BADLY', maxOffset, minOffset, maxOffset);
    const result = emptyResult('NO_MATCHED_MESSAGE', offset, minOffset, maxOffset);
    this.select(queue, offset, maxCount, maxBytes, matches, result);
    if (this.wantedCount > 0) this.collect(queue, result, allocate);
    return result;
  }

  /** The record as clients read it; undefined where no valid one begins. */
  lookMessage(physicalOffset: number, recordBytesMax: number): Buffer | undefined {
    const size = this.records.fetchUnknown(physicalOffset, recordBytesMax);
    if (size === 0) return undefined;
    const buffer = Buffer.allocUnsafe(wireSizeOf(size));
    copyToWire(this.records, size, { buffer, view: viewOf(buffer) }, 0);
    return buffer;
  }

  /** When message `offset` was stored; -1 when there is no such message. */
  storeTimeOf(queue: ConsumeQueue, offset: number): number {
    if (offset < queue.minOffset || offset >= queue.maxOffset) return -1;
    if (!queue.load(offset) || queue.isHole) return -1;
    if (this.records.fetch(queue.physicalOffset, queue.size) !== 'VALID') return -1;
    return storeTimestampOf(this.records.view, this.records.at);
  }

  /** When the first readable message from `offset` on was stored; -1 when there is none. */
  firstStoreTime(queue: ConsumeQueue, offset: number): number {
    for (let index = offset; index < queue.maxOffset; index++) {
      const time = this.storeTimeOf(queue, index);
      if (time >= 0) return time;
    }
    return -1;
  }

  /** 5.x: LOWER is the first message stored at or after the time, else max; UPPER the last at or before it, else 0. */
  offsetByTime(queue: ConsumeQueue, timestamp: number, boundary: BoundaryType): number {
    const first = this.firstFrom(queue, boundary === 'LOWER' ? timestamp : timestamp + 1);
    return boundary === 'LOWER' ? first : Math.max(0, first > queue.minOffset ? first - 1 : 0);
  }

  /** First message stored at or after the time; store times never decrease, so halving finds it. */
  private firstFrom(queue: ConsumeQueue, timestamp: number): number {
    let low = queue.minOffset;
    let high = queue.maxOffset;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      let probe = middle;
      let time = this.storeTimeOf(queue, probe);
      while (time < 0 && ++probe < high) time = this.storeTimeOf(queue, probe);
      if (time >= 0 && time < timestamp) low = probe + 1;
      else high = middle;
    }
    return low;
  }

  /** Goes through the queue from `offset` on and notes what will be returned. */
  private select(
    queue: ConsumeQueue,
    offset: number,
    maxCount: number,
    maxBytes: number,
    matches: TagMatcher | undefined,
    result: GetResult,
  ): void {
    const { minOffset, endOffset, memoryDistanceBytes } = this.bounds();
    const scanEnd = Math.min(
      queue.maxOffset,
      offset + Math.floor(Math.max(SCAN_BYTES_MIN, maxCount * UNIT_BYTES) / UNIT_BYTES),
    );
    let limit = RECENT;
    let bytes = 0;
    let removed = false;
    this.wantedCount = 0;
    let index = offset;
    for (; index < scanEnd; index++) {
      if (!queue.load(index) || queue.isHole) continue;
      const { physicalOffset, size } = queue;
      if (physicalOffset < minOffset) {
        removed = true;
        continue;
      }
      if (this.wantedCount === 0 && endOffset - physicalOffset > memoryDistanceBytes) {
        limit = OLD;
        result.slow = true;
      }
      if (matches && !matches(queue.tagsCode)) continue;
      const total = bytes + wireSizeOf(size);
      const full = this.wantedCount >= Math.min(maxCount, limit.count) || total > Math.min(maxBytes, limit.bytes);
      if (this.wantedCount > 0 && full) break;
      this.want(physicalOffset, size, index);
      bytes = total;
    }
    result.nextBeginOffset = index;
    result.bytes = bytes;
    if (removed && this.wantedCount === 0) result.status = 'MESSAGE_WAS_REMOVING';
  }

  /** Copies what `select` noted into one buffer; what fails its check is left out and reported. */
  private collect(queue: ConsumeQueue, result: GetResult, allocate: RecordAllocator): void {
    const buffer = allocate(result.bytes);
    const target = { buffer, view: viewOf(buffer) };
    let length = 0;
    let runStart = 0;
    let runEnd = 0;
    for (let index = 0; index < this.wantedCount; index++) {
      const { physicalOffset, size, queueOffset } = this.wanted[index] as Wanted;
      if (physicalOffset >= runEnd) {
        runStart = physicalOffset;
        runEnd = this.runEndFrom(index);
      }
      const verdict = this.records.fetch(physicalOffset, size, runStart, runEnd);
      if (verdict !== 'VALID') {
        const { topic, queueId } = queue;
        this.damage.add({ physicalOffset, bytes: size, reason: verdict, topic, queueId, queueOffset });
        continue;
      }
      length += copyToWire(this.records, size, target, length);
      result.count++;
    }
    result.bytes = length;
    if (result.count === 0) return;
    result.status = 'FOUND';
    result.buffers.push(length === buffer.length ? buffer : buffer.subarray(0, length));
  }

  /** End of the last record that lies close behind its forerunner, starting from the wanted one at `index`. */
  private runEndFrom(index: number): number {
    const first = this.wanted[index] as Wanted;
    let end = first.physicalOffset + first.size;
    for (let next = index + 1; next < this.wantedCount; next++) {
      const { physicalOffset, size } = this.wanted[next] as Wanted;
      if (physicalOffset - end > COALESCE_GAP_BYTES) break;
      end = physicalOffset + size;
    }
    return end;
  }

  private want(physicalOffset: number, size: number, queueOffset: number): void {
    const entry = this.wanted[this.wantedCount++];
    if (!entry) {
      this.wanted.push({ physicalOffset, size, queueOffset });
      return;
    }
    entry.physicalOffset = physicalOffset;
    entry.size = size;
    entry.queueOffset = queueOffset;
  }
}

function emptyResult(status: GetStatus, nextBeginOffset: number, minOffset: number, maxOffset: number): GetResult {
  return { status, nextBeginOffset, minOffset, maxOffset, buffers: [], count: 0, bytes: 0, slow: false };
}
