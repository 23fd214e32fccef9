import { describe, expect, it } from '@jest/globals';
import { refuseTaking } from './account.js';

const grace = { userId: 'grace', balance: 2000n, currency: 'EUR' };

describe('an account', () => {
  it('may be emptied to the last cent', () => {
    expect(refuseTaking(grace, 2000n, 'EUR')).toBeUndefined();
  });

  it('is never overdrawn', () => {
    expect(refuseTaking(grace, 2001n, 'EUR')?.code).toBe('BALANCE_TOO_SMALL');
  });

  it('refuses another currency', () => {
    expect(refuseTaking(grace, 1n, 'USD')?.code).toBe('BALANCE_WRONG_CURRENCY');
  });

  it('needs no money when nothing is taken', () => {
    expect(refuseTaking(grace, 0n, 'USD')).toBeUndefined();
  });
});
