import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { fileNameOf } from '../commit-log/log-files.js';
import type { Disk, DiskFile } from '../disk.js';
import { viewOf } from '../record/record-layout.js';
import type { FileCache } from './file-cache.js';
import { BLOCK_BYTES, BLOCK_CHECK_BYTES, BLOCK_UNITS, UNIT_BYTES } from './unit-layout.js';

/** Where a unit lies: its file, and its block within that file. Blocks never cross files. */
interface BlockPlace {
  name: string;
  /** Number of the block in its file. */
  block: number;
  /** Index in the queue of the block's first unit, and of the first one after it. */
  first: number;
  end: number;
}

/** A block as read and checked: the units from `first` on that its checksum covers. */
export interface CheckedBlock {
  first: number;
  units: number;
  buffer: Buffer;
  view: DataView;
}

/** The files of one consume queue: units in RocketMQ's format, and beside each file the checksums of its blocks. */
export class QueueFiles {
  /** Checksum of the units written to the newest block so far. */
  private tail = { first: -1, units: 0, checksum: 0 };
  private readonly check = Buffer.alloc(BLOCK_CHECK_BYTES);
  private readonly touched = new Set<string>();
  private hasNewNames = false;

  constructor(
    private readonly disk: Disk,
    private readonly cache: FileCache,
    readonly directory: string,
    readonly unitsPerFile: number,
  ) {}

  /** Positions, in units, at which files begin. */
  firstUnits(): number[] {
    return this.disk
      .list(this.directory)
      .filter((name) => /^\d{20}$/.test(name))
      .map((name) => Number(name) / UNIT_BYTES);
  }

  /** Units the file has room for that were written; says nothing about their content. */
  unitsIn(firstUnit: number): number {
    const file = this.cache.get(join(this.directory, fileNameOf(firstUnit * UNIT_BYTES)), false);
    return file ? Math.min(this.unitsPerFile, Math.floor(file.size() / UNIT_BYTES)) : 0;
  }

  /** The block that holds `index`; fewer units than asked for, or none, when files are missing or damaged. */
  readBlock(index: number): CheckedBlock {
    const place = this.placeOf(index);
    const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    const block: CheckedBlock = { first: place.first, units: 0, buffer, view: viewOf(buffer) };
    const file = this.cache.get(join(this.directory, place.name), false);
    const checks = this.cache.get(join(this.directory, `${place.name}.crc`), false);
    if (!file || !checks) return block;
    if (checks.read(this.check, 0, BLOCK_CHECK_BYTES, place.block * BLOCK_CHECK_BYTES) < BLOCK_CHECK_BYTES)
      return block;
    const units = this.check.readUInt32BE(0);
    if (units === 0 || units > place.end - place.first) return block;
    const bytes = units * UNIT_BYTES;
    if (file.read(buffer, 0, bytes, (place.first % this.unitsPerFile) * UNIT_BYTES) < bytes) return block;
    if (crc32(buffer.subarray(0, bytes)) === this.check.readUInt32BE(4)) block.units = units;
    return block;
  }

  /**
   * Goes on writing at `nextIndex`; `block` holds the units before it when that is not a block's start. Whatever lies
   * behind is removed: left there, it could pass for units of today after the next crash.
   */
  resume(block: CheckedBlock | undefined, nextIndex: number): void {
    const place = this.placeOf(nextIndex);
    const units = block && block.first === place.first ? nextIndex - block.first : 0;
    const checksum = block && units > 0 ? crc32(block.buffer.subarray(0, units * UNIT_BYTES)) : 0;
    this.tail = { first: place.first, units, checksum };
    for (const first of this.firstUnits()) if (first > nextIndex) this.deleteFile(first);
    const path = join(this.directory, place.name);
    const file = this.cache.get(path, false);
    const bytes = (nextIndex % this.unitsPerFile) * UNIT_BYTES;
    if (!file || file.size() <= bytes) return;
    file.truncate(bytes);
    const checks = this.cache.get(`${path}.crc`, true) as DiskFile;
    checks.truncate(place.block * BLOCK_CHECK_BYTES);
    if (units > 0) this.writeCheck(checks, place.block, units, checksum);
    this.touched.add(path);
  }

  /** Appends units that follow the last ones, up to the end of the block; returns how many were taken. */
  append(index: number, units: Buffer): number {
    const place = this.placeOf(index);
    const taken = Math.min(units.length / UNIT_BYTES, place.end - index);
    this.appendToBlock(place, index, units.subarray(0, taken * UNIT_BYTES));
    return taken;
  }

  private appendToBlock(place: BlockPlace, at: number, units: Buffer): void {
    const tail = this.tail.first === place.first ? this.tail : { first: place.first, units: 0, checksum: 0 };
    if (tail.first + tail.units !== at) throw new RangeError(`unit ${at} does not follow in ${this.directory}`);
    const path = join(this.directory, place.name);
    this.makeFile(path);
    writeAll(this.cache.get(path, true) as DiskFile, units, (at % this.unitsPerFile) * UNIT_BYTES);
    const covered = tail.units + units.length / UNIT_BYTES;
    const checksum = crc32(units, tail.checksum);
    const checks = this.cache.get(`${path}.crc`, true) as DiskFile;
    this.writeCheck(checks, place.block, covered, checksum);
    this.tail = { first: place.first, units: covered, checksum };
    this.touched.add(path);
  }

  private makeFile(path: string): void {
    if (this.cache.get(path, false)) return;
    this.disk.makeDirectory(this.directory);
    this.cache.get(path, true);
    this.hasNewNames = true;
  }

  private writeCheck(checks: DiskFile, block: number, units: number, checksum: number): void {
    this.check.writeUInt32BE(units, 0);
    this.check.writeUInt32BE(checksum, 4);
    writeAll(checks, this.check, block * BLOCK_CHECK_BYTES);
  }

  /** Makes everything appended so far durable. */
  async sync(): Promise<void> {
    const paths = [...this.touched];
    this.touched.clear();
    if (this.hasNewNames) {
      this.hasNewNames = false;
      const topic = dirname(this.directory);
      for (const directory of [this.directory, topic, dirname(topic)]) this.disk.syncDirectory(directory);
    }
    for (const path of paths) {
      await this.cache.get(path, false)?.sync();
      await this.cache.get(`${path}.crc`, false)?.sync();
    }
  }

  /** Writes a block anew after it was found damaged. */
  rewriteBlock(index: number, units: Buffer): void {
    const place = this.placeOf(index);
    const path = join(this.directory, place.name);
    this.makeFile(path);
    writeAll(this.cache.get(path, true) as DiskFile, units, (place.first % this.unitsPerFile) * UNIT_BYTES);
    const checksum = crc32(units);
    const checks = this.cache.get(`${path}.crc`, true) as DiskFile;
    this.writeCheck(checks, place.block, units.length / UNIT_BYTES, checksum);
    if (this.tail.first === place.first) this.tail.checksum = checksum;
    this.touched.add(path);
  }

  /** Bounds of the block that holds `index`. */
  blockOf(index: number): { first: number; end: number } {
    return this.placeOf(index);
  }

  /** Removes files whose units all lie before `index`. */
  deleteBefore(index: number): void {
    for (const first of this.firstUnits()) if (first + this.unitsPerFile <= index) this.deleteFile(first);
  }

  /** A sync that is on its way to these files has nothing left to do: its topic may be deleted at any time. */
  deleteAll(): void {
    this.touched.clear();
    this.hasNewNames = false;
    for (const first of this.firstUnits()) this.deleteFile(first);
    this.disk.removeDirectory(this.directory);
  }

  private deleteFile(firstUnit: number): void {
    const path = join(this.directory, fileNameOf(firstUnit * UNIT_BYTES));
    for (const one of [path, `${path}.crc`]) {
      this.cache.forget(one);
      this.disk.unlink(one);
      this.touched.delete(one);
    }
  }

  private placeOf(index: number): BlockPlace {
    const inFile = index % this.unitsPerFile;
    const fileFirst = index - inFile;
    const block = Math.floor(inFile / BLOCK_UNITS);
    const first = fileFirst + block * BLOCK_UNITS;
    const end = Math.min(first + BLOCK_UNITS, fileFirst + this.unitsPerFile);
    return { name: fileNameOf(fileFirst * UNIT_BYTES), block, first, end };
  }
}

/** Consume queues can be built again, so a short write is an error like any other here. */
function writeAll(file: DiskFile, bytes: Buffer, position: number): void {
  const written = file.write(bytes, 0, bytes.length, position);
  if (written < bytes.length) throw Object.assign(new Error(`short write to ${file.path}`), { code: 'ENOSPC' });
}
