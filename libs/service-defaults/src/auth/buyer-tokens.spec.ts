import { describe, expect, it } from '@jest/globals';
import { Secret } from '../config/secret.js';
import { InvalidTokenError } from '../errors.js';
import { BuyerTokens } from './buyer-tokens.js';

const secret = new Secret('a secret of the test, 32 characters and more');
let now = 1_700_000_000_000;
const tokens = new BuyerTokens(secret, () => now);

describe('a buyer token', () => {
  it('names the buyer until it expires', () => {
    const token = tokens.sign('ada', 60_000);
    expect(tokens.verify(token)).toBe('ada');
    now += 64_000;
    expect(tokens.verify(token)).toBe('ada');
    now += 2_000;
    expect(() => tokens.verify(token)).toThrow(InvalidTokenError);
  });

  it('is refused when one of its characters was changed', () => {
    const token = tokens.sign('ada');
    for (let index = 0; index < token.length; index++) {
      const other = token[index] === 'A' ? 'B' : 'A';
      const altered = token.slice(0, index) + other + token.slice(index + 1);
      // The last character of base64url carries unused bits: another one may decode to the very same signature.
      if (
        Buffer.from(altered.split('.')[2] ?? '', 'base64url').equals(
          Buffer.from(token.split('.')[2] ?? '', 'base64url'),
        )
      ) {
        if (altered.slice(0, altered.lastIndexOf('.')) === token.slice(0, token.lastIndexOf('.'))) continue;
      }
      expect(() => tokens.verify(altered)).toThrow(InvalidTokenError);
    }
  });

  it.each(['', '.', '..', 'v1..', 'v1.e30.', 'x'.repeat(2_000), 'null', 'v1.bnVsbA.AAAA'])('is not %p', (token) => {
    expect(() => tokens.verify(token)).toThrow(InvalidTokenError);
  });

  it('of another secret is refused', () => {
    const other = new BuyerTokens(new Secret('another secret, also long enough, really'), () => now);
    expect(() => tokens.verify(other.sign('ada'))).toThrow(InvalidTokenError);
  });
});
