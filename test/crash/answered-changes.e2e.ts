import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { stopSpawnedServices } from '@rocketshop/shop-testkit';
import { ANSWERED_CHANGES, killAtAnswer } from './answered-changes.js';

jest.setTimeout(60_000);

afterEach(() => stopSpawnedServices());

describe('a broker that is killed at the answer', () => {
  it.each(ANSWERED_CHANGES.map((change) => [change.name, change] as const))('to %s has done it', async (_, change) => {
    expect(await killAtAnswer(change, 'ASYNC_FLUSH')).toBeUndefined();
  });
});
