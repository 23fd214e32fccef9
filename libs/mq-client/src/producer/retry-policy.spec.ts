import { describe, expect, it } from '@jest/globals';
import { BrokerRefusedError, ConnectionError, RequestTimeoutError } from '../client-error.js';
import { delayBeforeRetry, isRetriableCode } from './retry-policy.js';

type AttemptState = Parameters<typeof delayBeforeRetry>[1];

const state = (changes: Partial<AttemptState> = {}): AttemptState => ({
  attempts: 1,
  transmitted: 1,
  attemptsMax: 3,
  remainingMs: 3_000,
  otherBrokerAvailable: true,
  backoffMs: 50,
  ...changes,
});
const refused = (code: number): BrokerRefusedError => new BrokerRefusedError(code, '', 'b:1', isRetriableCode(code));

describe('delayBeforeRetry', () => {
  it.each([1, 2, 14, 16, 17, 204, 205, 1500])('tries another broker at once after code %i', (code) => {
    expect(delayBeforeRetry(refused(code), state())).toBe(0);
  });

  it.each([13, 26, 29, 604])('ends at once after code %i', (code) => {
    expect(delayBeforeRetry(refused(code), state())).toBeUndefined();
  });

  it('makes at most the allowed number of attempts', () => {
    expect(delayBeforeRetry(refused(2), state({ attempts: 2 }))).toBe(0);
    expect(delayBeforeRetry(refused(2), state({ attempts: 3 }))).toBeUndefined();
    expect(delayBeforeRetry(new RequestTimeoutError('b:1', 10), state({ attempts: 3 }))).toBeUndefined();
  });

  it('waits longer before each further attempt on the same broker', () => {
    const alone = { otherBrokerAvailable: false, attemptsMax: 10 };
    const delays = [1, 2, 3, 9].map((attempts) => delayBeforeRetry(refused(2), state({ ...alone, attempts })));
    expect(delays).toEqual([50, 100, 200, 500]);
  });

  it('does not wait past the time-out', () => {
    expect(delayBeforeRetry(refused(2), state({ otherBrokerAvailable: false, remainingMs: 40 }))).toBeUndefined();
    expect(delayBeforeRetry(refused(2), state({ remainingMs: 0 }))).toBeUndefined();
  });

  it('tries without a limit while no broker was reached', () => {
    const unreached = state({ attempts: 30, transmitted: 0, otherBrokerAvailable: false });
    expect(delayBeforeRetry(new ConnectionError('b:1', 'refused'), unreached)).toBe(500);
    expect(delayBeforeRetry(new ConnectionError('b:1', 'refused'), state({ attempts: 3 }))).toBeUndefined();
  });

  it('does not repeat a send that is wrong itself', () => {
    expect(delayBeforeRetry(new Error('selector failed'), state())).toBeUndefined();
  });
});
