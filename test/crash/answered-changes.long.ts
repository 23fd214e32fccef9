import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { stopSpawnedServices } from '@rocketshop/shop-testkit';
import { ANSWERED_CHANGES, killAtAnswer } from './answered-changes.js';
import type { FlushDiskType } from './answered-changes.js';

jest.setTimeout(300_000);

const ROUNDS = 10;

afterEach(() => stopSpawnedServices());

describe.each(['SYNC_FLUSH', 'ASYNC_FLUSH'] satisfies FlushDiskType[])('a broker of %s, killed ten times', (mode) => {
  it.each(ANSWERED_CHANGES.map((change) => [change.name, change] as const))(
    'at the answer to %s',
    async (_, change) => {
      const missing: string[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const problem = await killAtAnswer(change, mode);
        if (problem !== undefined) missing.push(problem);
      }
      expect(missing).toEqual([]);
    },
  );
});
