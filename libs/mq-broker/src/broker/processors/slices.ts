/**
 * What one turn of the event loop takes of a long answer. At 9,900 topics, 500 groups and 80,000 offsets an answer in one piece
 * stopped all sends for seconds.
 */
export const SLICE_ITEMS = 200;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Maps a long list, a slice in each turn of the event loop. */
export async function mapInSlices<T, R>(items: Iterable<T>, map: (item: T) => R, size = SLICE_ITEMS): Promise<R[]> {
  const results: R[] = [];
  let inSlice = 0;
  // A list of its own: what it comes from may change between two turns.
  for (const item of Array.from(items)) {
    results.push(map(item));
    if (++inSlice % size === 0) await nextTurn();
  }
  return results;
}

/**
 * Encodes a body that has one long list or table, a slice in each turn of the event loop.
 * @param member the member of the body that has the items
 * @param encode encodes the whole body with these items only
 */
export async function encodeInSlices<T>(
  member: string,
  items: readonly T[],
  encode: (slice: readonly T[]) => Buffer,
  size = SLICE_ITEMS,
): Promise<Buffer> {
  const empty = encode([]);
  const name = `"${member}":`;
  const place = empty.indexOf(name) + name.length + 1;
  if (place === name.length) throw new RangeError(`the body has no member ${member}`);
  const after = empty.length - place;
  const parts: Buffer[] = [empty.subarray(0, place)];
  for (let at = 0; at < items.length; at += size) {
    const body = encode(items.slice(at, at + size));
    if (at > 0) parts.push(COMMA);
    parts.push(body.subarray(place, body.length - after));
    await nextTurn();
  }
  return Buffer.concat([...parts, empty.subarray(place)]);
}

const COMMA = Buffer.from(',');
