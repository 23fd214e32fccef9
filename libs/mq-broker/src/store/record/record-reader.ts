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

/** What a check found. `VALID` and nothing else may be served. */
export type RecordVerdict = 'VALID' | 'magic' | 'length' | 'position' | 'checksum';

/**
 * Checks the bytes at `at` as the record that belongs to `physicalOffset`. A record is valid only where its own physical
 * offset says it is: an old file taken into use again may hold perfect records of another place.
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

/** Where the topic's length stands, and the topic's place; the caller has verified the record. */
export function topicRangeOf(view: DataView, at: number): { start: number; end: number } {
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

/** The record's property of that name, undefined when it has none; the last one wins, as in Java. */
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

/** Bytes of a record as clients read it. */
export function wireSizeOf(diskSize: number): number {
  return diskSize - TRAILER_BYTES;
}

/** Copies a verified record without its trailer; returns the bytes written. */
export function copyToWire(
  source: Buffer,
  sourceView: DataView,
  at: number,
  diskSize: number,
  target: Buffer,
  targetView: DataView,
  targetAt: number,
): number {
  const wireSize = diskSize - TRAILER_BYTES;
  source.copy(target, targetAt, at, at + wireSize);
  targetView.setInt32(targetAt, wireSize);
  const isV2 = sourceView.getUint32(at + AT_MAGIC) === MAGIC_V2;
  const bodyAt = bodyLengthAt(sourceView.getInt32(at + AT_SYS_FLAG));
  const topicAt = bodyAt + 4 + sourceView.getInt32(at + bodyAt);
  const lengthAt = isV2
    ? topicAt + 2 + sourceView.getUint16(at + topicAt)
    : topicAt + 1 + sourceView.getUint8(at + topicAt);
  targetView.setUint16(targetAt + lengthAt, wireSize - lengthAt - 2);
  return wireSize;
}
