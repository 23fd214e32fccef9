import { parseJson } from '@rocketshop/mq-protocol';
import { ConfigFile } from '../config/config-file.js';
import type { ConfigFileOptions } from '../config/config-file.js';

/** `consumerOffset.json`. */
export interface OffsetSnapshot {
  /** RocketMQ's shape: `topic@group` -> queue id -> offset. */
  offsetTable: Record<string, Record<string, number>>;
  /** The first journal file that is not contained in the table. Absent in a file of RocketMQ. */
  journal?: number;
}

export function openSnapshotFile(path: string, options: ConfigFileOptions<OffsetSnapshot>): ConfigFile<OffsetSnapshot> {
  return new ConfigFile<OffsetSnapshot>(path, { ...options, parse: parseSnapshot });
}

/** Throws on everything that is no such table: an offset that is believed wrongly skips messages. */
function parseSnapshot(text: string): OffsetSnapshot {
  const snapshot = parseObject(text);
  if (!isPlainObject(snapshot)) throw new TypeError('it is no object');
  const { offsetTable, journal } = snapshot;
  if (!isPlainObject(offsetTable)) throw new TypeError('offsetTable is no object');
  for (const [key, queues] of Object.entries(offsetTable)) {
    if (!key.includes('@') || !isPlainObject(queues)) throw new TypeError(`offsetTable has no queues at "${key}"`);
    for (const [queueId, offset] of Object.entries(queues)) {
      if (/^\d{1,9}$/.test(queueId) && Number.isSafeInteger(offset)) continue;
      throw new TypeError(`"${key}" has ${JSON.stringify(offset)} at queue ${queueId}`);
    }
  }
  if (journal !== undefined && !(Number.isSafeInteger(journal) && (journal as number) >= 0)) {
    throw new TypeError('journal is no number');
  }
  return snapshot as unknown as OffsetSnapshot;
}

/** RocketMQ writes the numbers of queues without quotes, which only the parser of its dialect reads. */
function parseObject(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parseJson(text, { lengthMax: Infinity });
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
