import type { LogTail } from '../commit-log/log-tail.js';
import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import { UNIT_BYTES } from '../consume-queue/unit-layout.js';
import { viewOf } from '../record/record-layout.js';
import { copyToWire, storeTimestampOf, wireSizeOf } from '../record/record-reader.js';
import type { StoreParts } from '../store-parts.js';
import type { BoundaryType, GetResult, GetStatus, RecordAllocator, TagMatcher } from '../store.types.js';
import { RecordSource } from './record-source.js';

/** The consume queue bytes that one filtered pull looks at (DefaultMessageStore: maxFilterMessageSize). */
const SCAN_BYTES_MIN = 16_000;
/** MessageStoreConfig: maxTransferBytesOnMessageInMemory and the like. At least one message is always returned. */
const RECENT = { bytes: 262_144, count: 32 };
const OLD = { bytes: 65_536, count: 8 };
/**
 * Records with at most this gap between them are read together. Copying 16 KiB costs as much as a system call, and the
 * records in the gap belong to other queues of the topic, which are likely to be read next.
 */
const COALESCE_GAP_BYTES = 16 * 1024;

const allocateUnsafe: RecordAllocator = (bytes) => Buffer.allocUnsafe(bytes);

export interface ReadOptions {
  /** @default no limit of the caller's own */
  maxBytes?: number;
  /** @default every message matches */
  tagMatcher?: TagMatcher | undefined;
  /** Gives the buffer for the records. @default a fresh buffer */
  allocate?: RecordAllocator;
}

interface Wanted {
  physicalOffset: number;
  size: number;
  queueOffset: number;
}

/** Looks messages up by queue offset, physical offset and time. Everything is synchronous. */
export class MessageReader {
  /** Consumers see the log up to here. The store moves it on. */
  visibleOffset: number;
  private readonly records: RecordSource;
  private readonly wanted: Wanted[] = [];
  private wantedCount = 0;

  constructor(
    private readonly parts: Pick<StoreParts, 'files' | 'queues' | 'damage' | 'recordBytesMax' | 'endOffset'>,
    private readonly tail: LogTail,
    private readonly memoryDistanceBytes: number,
  ) {
    this.visibleOffset = parts.endOffset;
    this.records = new RecordSource(parts.files, tail);
  }

  /**
   * Up to `maxCount` messages from `offset` on (RocketMQ `DefaultMessageStore.getMessage`). The result has at least one
   * message when there is one that matches.
   */
  getMessages(topic: string, queueId: number, offset: number, maxCount: number, options: ReadOptions = {}): GetResult {
    const queue = this.parts.queues.find(topic, queueId);
    if (!queue) return emptyResult('NO_MATCHED_LOGIC_QUEUE', 0, 0, 0);
    const { minOffset, maxOffset } = queue;
    if (maxOffset === 0) return emptyResult('NO_MESSAGE_IN_QUEUE', 0, 0, 0);
    if (offset < minOffset) return emptyResult('OFFSET_TOO_SMALL', minOffset, minOffset, maxOffset);
    if (offset === maxOffset) return emptyResult('OFFSET_OVERFLOW_ONE', offset, minOffset, maxOffset);
    if (offset > maxOffset) {
      // The store is older than the consumer, or the queue was made again. At the end the consumer would skip what came since.
      const next = Math.max(minOffset, Math.min(queue.agreedOffset, maxOffset));
      return emptyResult('OFFSET_OVERFLOW_BADLY', next, minOffset, maxOffset);
    }
    const result = emptyResult('NO_MATCHED_MESSAGE', offset, minOffset, maxOffset);
    this.select(queue, maxCount, options, result);
    if (this.wantedCount > 0) this.collect(queue, result, options.allocate ?? allocateUnsafe);
    return result;
  }

  /** The record at a physical offset that a client named, as clients read it. Undefined when no visible record begins there. */
  lookMessage(physicalOffset: number): Buffer | undefined {
    const { files, recordBytesMax } = this.parts;
    if (!(physicalOffset >= files.minOffset && physicalOffset < this.visibleOffset)) return undefined;
    const size = this.records.fetchUnknown(physicalOffset, recordBytesMax);
    if (size === 0) return undefined;
    const buffer = Buffer.allocUnsafe(wireSizeOf(size));
    copyToWire(this.records, size, { buffer, view: viewOf(buffer) }, 0);
    return buffer;
  }

  /** 0 when there is no such queue. */
  minOffset(topic: string, queueId: number): number {
    return this.parts.queues.find(topic, queueId)?.minOffset ?? 0;
  }

  /** Offset of the next message that consumers will see. 0 when there is no such queue. */
  maxOffset(topic: string, queueId: number): number {
    return this.parts.queues.find(topic, queueId)?.maxOffset ?? 0;
  }

  /** Store time of a message. -1 when there is no such message. */
  storeTimeOf(topic: string, queueId: number, offset: number): number {
    const queue = this.parts.queues.find(topic, queueId);
    return queue ? this.timeOf(queue, offset) : -1;
  }

  /** Store time of the oldest readable message in a queue. -1 when there is none. */
  earliestStoreTime(topic: string, queueId: number): number {
    const queue = this.parts.queues.find(topic, queueId);
    if (!queue) return -1;
    for (let offset = queue.minOffset; offset < queue.maxOffset; offset++) {
      const time = this.timeOf(queue, offset);
      if (time >= 0) return time;
    }
    return -1;
  }

  /**
   * As RocketMQ 5.x: LOWER is the first message stored at or after the time, else the maximum offset; UPPER is the last
   * message stored at or before it, else 0. 0 when there is no such queue.
   */
  offsetByTime(topic: string, queueId: number, timestamp: number, boundary: BoundaryType = 'LOWER'): number {
    const queue = this.parts.queues.find(topic, queueId);
    if (!queue) return 0;
    const first = this.firstFrom(queue, boundary === 'LOWER' ? timestamp : timestamp + 1);
    return boundary === 'LOWER' ? first : Math.max(0, first > queue.minOffset ? first - 1 : 0);
  }

  /** True when a message is near enough to the log's end to count as in memory (40 % of RAM). */
  isInMemory(topic: string, queueId: number, offset: number): boolean {
    const queue = this.parts.queues.find(topic, queueId);
    if (!queue || offset < queue.minOffset || offset >= queue.maxOffset || !queue.load(offset)) return false;
    return this.tail.endOffset - queue.physicalOffset <= this.memoryDistanceBytes;
  }

  /** Forgets the pieces of files that were read, because some of the files are deleted. */
  filesDeleted(): void {
    this.records.forget();
  }

  private timeOf(queue: ConsumeQueue, offset: number): number {
    if (offset < queue.minOffset || offset >= queue.maxOffset) return -1;
    if (!queue.load(offset) || queue.isHole) return -1;
    if (this.records.fetch(queue.physicalOffset, queue.size) !== 'VALID') return -1;
    return storeTimestampOf(this.records.view, this.records.at);
  }

  /** First message stored at or after the time, by bisection: store times never decrease. */
  private firstFrom(queue: ConsumeQueue, timestamp: number): number {
    let low = queue.minOffset;
    let high = queue.maxOffset;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      let probe = middle;
      let time = this.timeOf(queue, probe);
      while (time < 0 && ++probe < high) time = this.timeOf(queue, probe);
      if (time >= 0 && time < timestamp) low = probe + 1;
      else high = middle;
    }
    return low;
  }

  /** Goes through the queue from `result.nextBeginOffset` on and puts the messages to return into `wanted`. */
  private select(queue: ConsumeQueue, maxCount: number, options: ReadOptions, result: GetResult): void {
    const { maxBytes = Number.MAX_SAFE_INTEGER, tagMatcher } = options;
    const { minOffset } = this.parts.files;
    const offset = result.nextBeginOffset;
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
      if (this.wantedCount === 0 && this.visibleOffset - physicalOffset > this.memoryDistanceBytes) {
        limit = OLD;
        result.slow = true;
      }
      if (tagMatcher && !tagMatcher(queue.tagsCode)) continue;
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

  /** Copies the wanted records into one buffer. A record that fails its check is left out and reported. */
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
        this.parts.damage.add({ physicalOffset, bytes: size, reason: verdict, topic, queueId, queueOffset });
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

  /** End of the run that starts with the wanted record at `index`: each next record lies close behind the one before. */
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
