import { describe, expect, it } from '@jest/globals';
import { findBlindSpots } from './planted-faults.js';

describe('the crash checkers', () => {
  it('find every planted fault and raise no alarm over a sound run', () => {
    expect(findBlindSpots()).toEqual([]);
  });
});
