import { isNoSpace } from '../disk.js';
import { readInt64, viewOf, writeInt64 } from '../record/record-layout.js';
import { WriteFailedError } from '../store.errors.js';
import type { CheckedBlock, QueueFiles } from './queue-files.js';
import { HOLE_SIZE, UNIT_AT_SIZE, UNIT_AT_TAGS_CODE, UNIT_BYTES } from './unit-layout.js';

/** Units in RAM for each queue. The ring starts small: most queues never need more. */
const RING_UNITS_MIN = 32;
const RING_UNITS_MAX = 1024;

/**
 * One queue of one topic: the positions of its messages in the log. It has four indexes:
 *
 *     min (first not deleted)  <=  saved (in the file)  <=  max (visible)  <=  next (given out)
 *
 * `load` moves a cursor (physicalOffset, size, tagsCode), so that a pull makes no object for each message.
 */
export class ConsumeQueue {
  minOffset = 0;
  maxOffset = 0;
  nextOffset = 0;
  /** Index of the first unit that is in RAM only. */
  savedOffset = 0;
  /** Where the queue ended when the store was opened. A consumer whose offset is beyond the end has seen what lies before it. */
  agreedOffset = 0;

  physicalOffset = 0;
  size = 0;
  tagsCode = 0;

  private ring = Buffer.allocUnsafeSlow(RING_UNITS_MIN * UNIT_BYTES);
  private ringView = viewOf(this.ring);
  private ringUnits = RING_UNITS_MIN;
  /** Index of the oldest unit in the ring. */
  private ringStart = 0;
  private block: CheckedBlock | undefined;
  private retired = false;

  constructor(
    readonly topic: string,
    readonly queueId: number,
    readonly files: QueueFiles,
    private readonly onDamagedBlock: (queue: ConsumeQueue, first: number, end: number) => boolean,
  ) {}

  /** The topic was deleted. A queue of the same name may use the same files by now, so this one never writes again. */
  get isRetired(): boolean {
    return this.retired;
  }

  /** Messages that are on their way to this queue are deleted with it. */
  retire(): void {
    this.retired = true;
    this.files.deleteAll();
  }

  get isEmpty(): boolean {
    return this.maxOffset === this.minOffset;
  }

  /** Goes on at `nextIndex`. `block` has the units before it, unless it is a block's start. */
  resume(minIndex: number, nextIndex: number, block: CheckedBlock | undefined): void {
    this.minOffset = minIndex;
    this.maxOffset = nextIndex;
    this.nextOffset = nextIndex;
    this.savedOffset = nextIndex;
    this.ringStart = nextIndex;
    this.block = undefined;
    this.files.resume(block, nextIndex);
  }

  /** Appends the unit of message `maxOffset` and makes it visible. */
  put(physicalOffset: number, size: number, tagsCode: number): void {
    if (this.retired) return;
    if (this.maxOffset - this.ringStart === this.ringUnits) this.makeRoom();
    const at = (this.maxOffset % this.ringUnits) * UNIT_BYTES;
    const view = this.ringView;
    writeInt64(view, at, physicalOffset);
    view.setInt32(at + UNIT_AT_SIZE, size);
    writeInt64(view, at + UNIT_AT_TAGS_CODE, tagsCode);
    this.maxOffset++;
  }

  putHole(): void {
    this.put(0, HOLE_SIZE, 0);
  }

  /** Moves the cursor. Returns false when the unit cannot be read; the damage is reported then. */
  load(index: number): boolean {
    if (index >= this.ringStart) {
      this.setCursor(this.ringView, (index % this.ringUnits) * UNIT_BYTES);
      return true;
    }
    let block = this.block;
    if (!block || index < block.first || index >= block.first + block.units) {
      block = this.files.readBlock(index);
      if (index >= block.first + block.units) {
        const { first, end } = this.files.blockOf(index);
        if (!this.onDamagedBlock(this, first, Math.min(end, this.savedOffset))) return false;
        block = this.files.readBlock(index);
        if (index >= block.first + block.units) return false;
      }
      this.block = block;
    }
    this.setCursor(block.view, (index - block.first) * UNIT_BYTES);
    return true;
  }

  get isHole(): boolean {
    return this.size === HOLE_SIZE;
  }

  /** Writes collected units to the file. */
  save(): void {
    if (this.retired) return;
    while (this.savedOffset < this.maxOffset) {
      const from = this.savedOffset % this.ringUnits;
      const units = Math.min(this.maxOffset - this.savedOffset, this.ringUnits - from);
      const slice = this.ring.subarray(from * UNIT_BYTES, (from + units) * UNIT_BYTES);
      this.savedOffset += this.files.append(this.savedOffset, slice);
    }
  }

  /** The first index in [minOffset, maxOffset] whose message is at or after `physicalOffset`. */
  firstAtOrAfter(physicalOffset: number): number {
    let low = this.minOffset;
    let high = this.maxOffset;
    while (low < high) {
      let middle = Math.floor((low + high) / 2);
      const probe = middle;
      while (middle < high && (!this.load(middle) || this.isHole)) middle++;
      if (middle < high && this.physicalOffset < physicalOffset) low = middle + 1;
      else high = probe;
    }
    while (low < this.maxOffset && this.load(low) && this.isHole) low++;
    return low;
  }

  /** Deletes the units of messages whose log files are deleted. */
  deleteBefore(logMinOffset: number): void {
    this.minOffset = this.firstAtOrAfter(logMinOffset);
    this.files.deleteBefore(Math.min(this.minOffset, this.savedOffset));
  }

  private setCursor(view: DataView, at: number): void {
    this.physicalOffset = readInt64(view, at);
    this.size = view.getInt32(at + UNIT_AT_SIZE);
    this.tagsCode = readInt64(view, at + UNIT_AT_TAGS_CODE);
  }

  /**
   * Lets the ring grow up to its limit. From then on the older half goes to the file. When the disk is full, the units stay in RAM:
   * a full store takes no messages, so only the units of messages that were already appended follow.
   */
  private makeRoom(): void {
    if (this.ringUnits >= RING_UNITS_MAX && this.trySave()) {
      this.ringStart = Math.min(this.savedOffset, this.maxOffset - RING_UNITS_MAX / 2);
      return;
    }
    const units = Math.max(this.ringUnits * 2, Math.min(this.ringUnits * 4, RING_UNITS_MAX));
    const ring = Buffer.allocUnsafeSlow(units * UNIT_BYTES);
    for (let index = this.ringStart; index < this.maxOffset; index++) {
      const from = (index % this.ringUnits) * UNIT_BYTES;
      this.ring.copy(ring, (index % units) * UNIT_BYTES, from, from + UNIT_BYTES);
    }
    this.ring = ring;
    this.ringView = viewOf(ring);
    this.ringUnits = units;
  }

  private trySave(): boolean {
    try {
      this.save();
      return true;
    } catch (error) {
      if (isNoSpace(error)) return false;
      throw new WriteFailedError(`the consume queue ${this.files.directory}`, error);
    }
  }
}
