import { describe, expect, it } from '@jest/globals';
import { compareMemory, compareRows, compareStarts, comparisonCells } from './comparison.js';
import type { Measurement } from './comparison.js';
import type { LoadResult } from './load-protocol.js';
import { ROWS, rowsMatching } from './rows.js';
import type { Row } from './rows.js';

const [sendRow] = ROWS as [Row];
const rateRow = ROWS.find(({ name }) => name.startsWith('end to end')) as Row;

function measured(row: Row, contender: 'ours' | 'apache', result: Partial<LoadResult>): Measurement {
  const latency = { count: 1, p50: 1, p99: 1, p999: 1, max: 1 };
  const usual = { messages: 1, seconds: 1, latency, failures: [], loadCpu: 0.3, brokerCpu: 1 };
  return {
    row,
    contender,
    run: 1,
    result: { ...usual, brokerMicrosPerMessage: 5, anonymousMiB: 100, ...result },
  };
}

describe('the comparison with Apache RocketMQ', () => {
  it('takes medians and says how many times better ours is', () => {
    const [throughput, cost] = compareRows([
      ...[100, 900, 300].map((messages) => measured(sendRow, 'ours', { messages })),
      ...[100, 200, 150].map((messages) => measured(sendRow, 'apache', { messages, brokerMicrosPerMessage: 10 })),
    ]);
    expect(throughput).toMatchObject({ figure: 'msg/s', ours: 300, apache: 150, ratio: 2, marks: [] });
    expect(cost).toMatchObject({ figure: 'broker CPU us/msg', ratio: 2 });
  });

  it('marks what is slower, but not what costs more CPU', () => {
    const [throughput, cost] = compareRows([
      measured(sendRow, 'ours', { messages: 99, brokerMicrosPerMessage: 20 }),
      measured(sendRow, 'apache', { messages: 100, brokerMicrosPerMessage: 10 }),
    ]);
    expect(throughput?.marks).toEqual(['BELOW FLOOR']);
    expect(cost).toMatchObject({ ratio: 0.5, marks: [] });
  });

  it('turns latencies round: less is better', () => {
    const latency = (p50: number, p99: number) => ({ received: { count: 1, p50, p99, p999: p99, max: p99 } });
    const [p50, p99] = compareRows([
      measured(rateRow, 'ours', latency(0.5, 4)),
      measured(rateRow, 'apache', latency(1, 2)),
    ]);
    expect(p50).toMatchObject({ figure: 'received p50 ms', ratio: 2, marks: [] });
    expect(p99).toMatchObject({ figure: 'received p99 ms', ratio: 0.5, marks: ['BELOW FLOOR'] });
  });

  it('marks rows that prove nothing', () => {
    const [busy] = compareRows([measured(sendRow, 'ours', { loadCpu: 0.81 })]);
    const [refused] = compareRows([measured(sendRow, 'ours', { failures: ['1 x code 2'] })]);
    expect(busy?.marks).toEqual(['client-bound']);
    expect(refused?.marks).toEqual(['FAILURES']);
  });

  it('holds start and memory to floors of their own, with or without Apache RocketMQ', () => {
    expect(compareStarts([400, 500, 600], [5_000]).marks).toEqual([]);
    expect(compareStarts([1_500], []).marks).toEqual(['BELOW FLOOR (at most 1000)']);
    expect(compareMemory([measured(sendRow, 'ours', { anonymousMiB: 300 })]).marks).toEqual([
      'BELOW FLOOR (at most 250)',
    ]);
  });

  it('shows nothing where there is nothing to compare with', () => {
    const [throughput] = compareRows([measured(sendRow, 'ours', { messages: 6_430 })]);
    expect(throughput && comparisonCells(throughput)).toEqual([sendRow.name, 'msg/s', '6.4 k', '-', '-', '']);
  });
});

describe('the choice of rows', () => {
  it('takes whole words, all of them', () => {
    const names = (filter: string): string[] => rowsMatching(filter).map(({ name }) => name);
    expect(names('')).toHaveLength(ROWS.length);
    expect(names('SYNC_FLUSH, 64 in flight, 1 KiB')).toEqual([
      'send SYNC_FLUSH 64 in flight, 1 KiB, JSON',
      'send SYNC_FLUSH 64 in flight, 1 KiB, ROCKETMQ',
    ]);
    expect(names('send, JSON')).toHaveLength(12);
    expect(names('nothing')).toEqual([]);
  });
});
