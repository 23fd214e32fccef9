import {
  AT_MAGIC,
  AT_PHYSICAL_OFFSET,
  AT_QUEUE_ID,
  AT_QUEUE_OFFSET,
  AT_SYS_FLAG,
  MAGIC_V1,
  MAGIC_V2,
  NAME_VALUE_SEPARATOR,
  PROPERTY_SEPARATOR,
  RECORD_BYTES_MIN,
  TRAILER_BYTES,
  bodyLengthAt,
  checksumOf,
  readInt64,
  readTrailer,
  storeTimestampAt,
} from './record-layout.js';

/** A record in memory begins at `at` of `buffer`. */
export interface RecordPosition {
  readonly buffer: Buffer;
  readonly view: DataView;
  readonly at: number;
}

/** What a check found. Only a `VALID` record may be served. */
export type RecordVerdict = 'VALID' | 'magic' | 'length' | 'position' | 'checksum';

/**
 * Checks whether the bytes at `at` are the record of `physicalOffset`. A record is valid only at the position that its own
 * physical offset names: an old file that is used again may hold intact records of another position.
 */
export function verifyRecord(
  source: Buffer,
  view: DataView,
  at: number,
  limit: number,
  physicalOffset: number,
): RecordVerdict {
  if (limit - at < RECORD_BYTES_MIN) return 'length';
  const magic = view.getUint32(at + AT_MAGIC);
  if (magic !== MAGIC_V1 && magic !== MAGIC_V2) return 'magic';
  const size = view.getInt32(at);
  if (size < RECORD_BYTES_MIN || size > limit - at) return 'length';
  if (readInt64(view, at + AT_PHYSICAL_OFFSET) !== physicalOffset) return 'position';
  const trailerAt = at + size - TRAILER_BYTES;
  const checksum = readTrailer(source, trailerAt);
  if (checksum < 0 || checksum !== checksumOf(source, at, trailerAt)) return 'checksum';
  return 'VALID';
}

export function queueIdOf(view: DataView, at: number): number {
  return view.getInt32(at + AT_QUEUE_ID);
}

export function queueOffsetOf(view: DataView, at: number): number {
  return readInt64(view, at + AT_QUEUE_OFFSET);
}

export function sysFlagOf(view: DataView, at: number): number {
  return view.getInt32(at + AT_SYS_FLAG);
}

export function storeTimestampOf(view: DataView, at: number): number {
  return readInt64(view, at + storeTimestampAt(view.getInt32(at + AT_SYS_FLAG)));
}

/** Start and end of the topic's bytes. The caller has verified the record. */
function topicRangeOf(view: DataView, at: number): { start: number; end: number } {
  const lengthAt = at + bodyLengthAt(sysFlagOf(view, at));
  const topicAt = lengthAt + 4 + view.getInt32(lengthAt);
  const isV2 = view.getUint32(at + AT_MAGIC) === MAGIC_V2;
  const length = isV2 ? view.getUint16(topicAt) : view.getUint8(topicAt);
  const start = topicAt + (isV2 ? 2 : 1);
  return { start, end: start + length };
}

export function topicOf(source: Buffer, view: DataView, at: number): string {
  const { start, end } = topicRangeOf(view, at);
  return source.toString('utf8', start, end);
}

/** The record's property of that name, or undefined. Of equal names the last one counts, as in Java. */
export function propertyOf(source: Buffer, view: DataView, at: number, name: string): string | undefined {
  const { end: topicEnd } = topicRangeOf(view, at);
  const text = source.toString('utf8', topicEnd + 2, topicEnd + 2 + view.getUint16(topicEnd));
  let found: string | undefined;
  for (const entry of text.split(String.fromCharCode(PROPERTY_SEPARATOR))) {
    const split = entry.indexOf(String.fromCharCode(NAME_VALUE_SEPARATOR));
    if (split > 0 && entry.slice(0, split) === name) found = entry.slice(split + 1);
  }
  return found;
}

/** The bytes of a record in the form that clients read. */
export function wireSizeOf(diskSize: number): number {
  return diskSize - TRAILER_BYTES;
}

/** A buffer that records are copied to, and the view of it that writes their lengths. */
export interface WireTarget {
  buffer: Buffer;
  view: DataView;
}

/** Copies a verified record to `target` without its trailer. Returns the bytes written. */
export function copyToWire(record: RecordPosition, diskSize: number, target: WireTarget, targetAt: number): number {
  const { buffer: source, view: sourceView, at } = record;
  const wireSize = diskSize - TRAILER_BYTES;
  source.copy(target.buffer, targetAt, at, at + wireSize);
  target.view.setInt32(targetAt, wireSize);
  const isV2 = sourceView.getUint32(at + AT_MAGIC) === MAGIC_V2;
  const bodyAt = bodyLengthAt(sourceView.getInt32(at + AT_SYS_FLAG));
  const topicAt = bodyAt + 4 + sourceView.getInt32(at + bodyAt);
  const lengthAt = isV2
    ? topicAt + 2 + sourceView.getUint16(at + topicAt)
    : topicAt + 1 + sourceView.getUint8(at + topicAt);
  target.view.setUint16(targetAt + lengthAt, wireSize - lengthAt - 2);
  return wireSize;
}
