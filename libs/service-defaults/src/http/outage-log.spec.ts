import { expect, it } from '@jest/globals';
import { OutageLog } from './outage-log.js';

it('writes one line for an outage, one a minute while it lasts, and one for the next outage', () => {
  const lines: unknown[] = [];
  let now = 0;
  const log = new OutageLog({ error: (fields: unknown) => void lines.push(fields) } as never, 'away', () => now);
  for (; now <= 61_000; now += 1_000) log.failed(new Error('refused'));
  expect(lines).toEqual([
    { reason: 'refused', requests: 1 },
    { reason: 'refused', requests: 61 },
  ]);
  now += 20_000;
  log.failed(new Error('refused'));
  expect(lines).toHaveLength(3);
});
