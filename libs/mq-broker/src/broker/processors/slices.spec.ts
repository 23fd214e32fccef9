import { describe, expect, it } from '@jest/globals';
import { brokerConsumeStatsBody, consumerOffsetTableBody } from '@rocketshop/mq-protocol';
import type { ConsumeStats } from '@rocketshop/mq-protocol';
import { encodeInSlices, mapInSlices, SLICE_ITEMS } from './slices.js';

const offsets = (count: number) =>
  Array.from({ length: count }, (_, index): [string, Map<number, number>] => [
    `topic-${index}@group`,
    new Map([
      [0, index],
      [1, 7],
    ]),
  ]);

const stats = (topic: string): ConsumeStats => ({
  consumeTps: 0,
  offsets: [
    {
      queue: { brokerName: 'b', queueId: 0, topic },
      brokerOffset: 5,
      consumerOffset: 3,
      pullOffset: 3,
      lastTimestamp: 1,
    },
  ],
});

describe('a long answer', () => {
  it.each([0, 1, 199, 200, 201, 1_000])('is the same in slices as in one piece: %s items', async (count) => {
    const table = offsets(count);
    const inSlices = await encodeInSlices('offsetTable', table, (slice) =>
      consumerOffsetTableBody.encode(new Map(slice)),
    );
    expect(inSlices.toString()).toBe(consumerOffsetTableBody.encode(new Map(table)).toString());
  });

  it('may have its list in the middle', async () => {
    const groups = Array.from({ length: 450 }, (_, index): [string, ConsumeStats[]] => [
      `g${index}`,
      [stats(`t${index}`)],
    ]);
    const encode = (slice: readonly [string, ConsumeStats[]][]) =>
      brokerConsumeStatsBody.encode({ brokerAddr: '{}[]', groups: new Map(slice), totalDiff: 900 });
    expect((await encodeInSlices('consumeStatsList', groups, encode)).toString()).toBe(encode(groups).toString());
  });

  it('leaves turns of the event loop to others: no slice is longer than the limit', async () => {
    const sizes: number[] = [];
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await encodeInSlices('offsetTable', offsets(1_000), (slice) => {
      sizes.push(slice.length);
      return consumerOffsetTableBody.encode(new Map(slice));
    });
    await mapInSlices(Array.from({ length: 1_000 }), () => 0);
    isOver = true;
    expect(Math.max(...sizes)).toBe(SLICE_ITEMS);
    expect(turns).toBeGreaterThanOrEqual(8);
  });
});
