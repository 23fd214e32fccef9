import { median } from '../measure/median.js';
import { shortNumber } from '../measure/text-table.js';
import type { Cell } from '../measure/text-table.js';
import type { ContenderName } from './contender.js';
import type { LoadResult } from './load-protocol.js';
import type { Figure, Row } from './rows.js';

/** The result of one run of one row on one broker. */
export interface Measurement {
  readonly row: Row;
  readonly contender: ContenderName;
  readonly run: number;
  readonly result: LoadResult;
}

/** One line of the final table, with the medians of all runs. */
export interface Comparison {
  readonly row: string;
  readonly figure: string;
  readonly ours: number;
  /** NaN when Apache RocketMQ did not run. */
  readonly apache: number;
  /** How many times better our broker is. Above 1 is better, also for a figure of which less is better. */
  readonly ratio: number;
  readonly marks: readonly string[];
}

/** A load process that uses a larger share of a core than this may itself have limited the figure. */
const CLIENT_BOUND_SHARE = 0.8;
const START_FLOOR_MS = 1_000;
const MEMORY_FLOOR_MIB = 250;

export function compareRows(measurements: readonly Measurement[]): Comparison[] {
  const rows = [...new Set(measurements.map(({ row }) => row))];
  return rows.flatMap((row) => {
    const of = (contender: ContenderName): LoadResult[] =>
      measurements.filter((one) => one.row === row && one.contender === contender).map(({ result }) => result);
    const [ours, apache] = [of('ours'), of('apache')];
    const marks = [...ours, ...apache].some(isClientBound) ? ['client-bound'] : [];
    if (ours.some(({ failures }) => failures.length > 0)) marks.push('FAILURES');
    if (apache.some(({ failures }) => failures.length > 0)) marks.push('failures of Apache');
    return [...row.figures, brokerCost].map((figure) => {
      const middle = (results: readonly LoadResult[]): number => median(results.map((result) => figure.of(result)));
      return compare(row.name, figure, middle(ours), middle(apache), figure.hasFloor ? marks : []);
    });
  });
}

/** This figure has no floor: a broker may spend CPU on being faster. */
const brokerCost: Figure = {
  name: 'broker CPU us/msg',
  isMoreBetter: false,
  hasFloor: false,
  of: ({ brokerMicrosPerMessage }) => brokerMicrosPerMessage,
};

export function compareStarts(ours: readonly number[], apache: readonly number[]): Comparison {
  const figure = { name: 'ms to first stored message', isMoreBetter: false, hasFloor: true };
  const comparison = compare('start', figure, median(ours), median(apache));
  return withAbsoluteFloor(comparison, START_FLOOR_MS);
}

export function compareMemory(measurements: readonly Measurement[]): Comparison {
  const most = (contender: ContenderName): number => {
    const sizes = measurements.filter((one) => one.contender === contender).map(({ result }) => result.anonymousMiB);
    return sizes.length === 0 ? Number.NaN : Math.max(...sizes);
  };
  const figure = { name: 'anonymous MiB, most of all rows', isMoreBetter: false, hasFloor: true };
  const comparison = compare('memory', figure, most('ours'), most('apache'));
  return withAbsoluteFloor(comparison, MEMORY_FLOOR_MIB);
}

export function comparisonCells(comparison: Comparison): Cell[] {
  const { row, figure, ours, apache, ratio, marks } = comparison;
  return [
    row,
    figure,
    shortNumber(ours),
    shortNumber(apache),
    Number.isFinite(ratio) ? ratio.toFixed(2) : '-',
    marks.join(', '),
  ];
}

export const isClientBound = ({ loadCpu }: LoadResult): boolean => loadCpu > CLIENT_BOUND_SHARE;

function compare(
  row: string,
  { name, isMoreBetter, hasFloor }: Omit<Figure, 'of'>,
  ours: number,
  apache: number,
  marks: readonly string[] = [],
): Comparison {
  const ratio = isMoreBetter ? ours / apache : apache / ours;
  return { row, figure: name, ours, apache, ratio, marks: hasFloor && ratio < 1 ? [...marks, 'BELOW FLOOR'] : marks };
}

function withAbsoluteFloor(comparison: Comparison, most: number): Comparison {
  return comparison.ours > most ? { ...comparison, marks: [`BELOW FLOOR (at most ${most})`] } : comparison;
}
