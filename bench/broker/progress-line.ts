import { percent, shortNumber } from '../measure/text-table.js';
import { isClientBound } from './comparison.js';
import type { Measurement } from './comparison.js';

const WIDTHS = [50, 7, 8, 8, 8, 8, 8, 8, 7, 7, 8];
const HEAD = [
  'row',
  'broker',
  'msg/s',
  'p50 ms',
  'p99',
  'p99.9',
  'max',
  'us/msg',
  'CPU',
  'load',
  'anon MiB',
  'in flight',
];

export const progressHead = (): string => columns(HEAD);

/** The figures of one run of one row. In the end-to-end row the latency is that of the receiver. */
export function progressLine({ row, contender, result }: Measurement): string {
  const latency = result.received ?? result.latency;
  const notes = [
    isClientBound(result) ? 'CLIENT-BOUND' : '',
    result.received ? `stored p50 ${shortNumber(result.latency.p50)} p99 ${shortNumber(result.latency.p99)} ms` : '',
    result.outOfOrder ? `${result.outOfOrder} stored in another order than sent` : '',
    result.failures.length > 0 ? `FAILURES: ${result.failures.slice(0, 3).join('; ')}` : '',
  ].filter(Boolean);
  const cells = [
    row.name,
    contender,
    ...[result.messages / result.seconds, latency.p50, latency.p99, latency.p999, latency.max].map(shortNumber),
    shortNumber(result.brokerMicrosPerMessage),
    percent(result.brokerCpu),
    percent(result.loadCpu),
    shortNumber(result.anonymousMiB),
    row.inFlight,
    ...notes,
  ];
  return columns(cells);
}

function columns(cells: readonly string[]): string {
  return cells
    .map((cell, index) => (index < 2 ? cell.padEnd(WIDTHS[index] ?? 0) : cell.padStart(WIDTHS[index] ?? 0)))
    .join(' ');
}
