import type { FlushDiskType } from './contender.js';
import type { Load, LoadResult } from './load-protocol.js';

/** The duration and amount of every measurement in a run. */
export interface Extent {
  readonly runs: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly pullMessages: number;
  /** Duration of the load before a broker's first row: the JVM needs time to compile. */
  readonly jitWarmUpMs: number;
}

export const FULL: Extent = {
  runs: 3,
  warmUpMs: 1_000,
  measureMs: 3_000,
  pullMessages: 1_000_000,
  jitWarmUpMs: 15_000,
};
/** Shows only that every row runs: the JVM is not warm yet. */
export const QUICK: Extent = { runs: 1, warmUpMs: 500, measureMs: 1_000, pullMessages: 80_000, jitWarmUpMs: 4_000 };

/** A figure of a row, which the final table compares. */
export interface Figure {
  readonly name: string;
  readonly isMoreBetter: boolean;
  /** Says whether the figure of our broker must not be worse than Apache's. */
  readonly hasFloor: boolean;
  of(result: LoadResult): number;
}

export interface Row {
  readonly name: string;
  readonly flush: FlushDiskType;
  /** Connections times requests in flight on each, such as `4 x 16`. */
  readonly inFlight: string;
  readonly figures: readonly Figure[];
  /** Says whether the topic is filled before the row's first run. */
  readonly needsFill: boolean;
  load(topic: string, extent: Extent): Load;
}

const throughput: Figure = {
  name: 'msg/s',
  isMoreBetter: true,
  hasFloor: true,
  of: ({ messages, seconds }) => messages / seconds,
};
const receivedP50: Figure = {
  name: 'received p50 ms',
  isMoreBetter: false,
  hasFloor: true,
  of: ({ received }) => received?.p50 ?? Number.NaN,
};
const receivedP99: Figure = {
  name: 'received p99 ms',
  isMoreBetter: false,
  hasFloor: true,
  of: ({ received }) => received?.p99 ?? Number.NaN,
};

const IN_FLIGHT = [
  { connections: 1, each: 1 },
  { connections: 4, each: 16 },
  { connections: 10, each: 100 },
] as const;

const BODIES = [
  { bytes: 128, name: '128 B' },
  { bytes: 1024, name: '1 KiB' },
] as const;

const RATE = 5_000;
const PULL_MAX = 32;

function sendRows(flush: FlushDiskType): Row[] {
  return (['JSON', 'ROCKETMQ'] as const).flatMap((header) =>
    IN_FLIGHT.flatMap(({ connections, each }) =>
      BODIES.map(({ bytes, name }): Row => ({
        name: `send ${flush} ${connections * each} in flight, ${name}, ${header}`,
        flush,
        inFlight: `${connections} x ${each}`,
        figures: [throughput],
        needsFill: false,
        load: (topic, { warmUpMs, measureMs }) => ({
          kind: 'send',
          topic,
          connections,
          inFlightPerConnection: each,
          bodyBytes: bytes,
          header,
          warmUpMs,
          measureMs,
        }),
      })),
    ),
  );
}

const pullRow: Row = {
  name: 'pull ASYNC_FLUSH, 1 KiB, 32 a pull',
  flush: 'ASYNC_FLUSH',
  inFlight: '4 x 2',
  figures: [throughput],
  needsFill: true,
  load: (topic, { pullMessages }) => ({
    kind: 'pull',
    topic,
    messages: pullMessages,
    connections: 4,
    maxMsgNums: PULL_MAX,
  }),
};

const rateRow: Row = {
  name: `end to end ASYNC_FLUSH, ${RATE} msg/s, 1 KiB`,
  flush: 'ASYNC_FLUSH',
  inFlight: '4 open',
  figures: [receivedP50, receivedP99],
  needsFill: false,
  load: (topic, { warmUpMs, measureMs }) => ({
    kind: 'rate',
    topic,
    connections: 4,
    bodyBytes: 1024,
    messagesPerSecond: RATE,
    warmUpMs,
    measureMs,
  }),
};

export const ROWS: readonly Row[] = [...sendRows('ASYNC_FLUSH'), rateRow, pullRow, ...sendRows('SYNC_FLUSH')];

/** The rows whose names contain every phrase as whole words. Commas separate phrases: `SYNC_FLUSH, 64 in flight, 1 KiB`. */
export function rowsMatching(filter: string): Row[] {
  const phrases = filter.split(',').map((phrase) => phrase.trim());
  return ROWS.filter(({ name }) =>
    phrases.every((phrase) => ` ${name.replaceAll(',', '')} `.includes(phrase && ` ${phrase} `)),
  );
}
