import { describe, expect, it } from '@jest/globals';
import { signCallback } from './callback-signature.js';

describe('the signature of a callback', () => {
  // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac first-secret-of-provider
  const first = 'a7c3110410c557496e54d25147bf9a78da37f633294d3e19043152c0924404bb';
  const second = '73fb2f55bd54fdcb84bc6bd6d6df031a5b670eeecc8bec83e8eabd2728ff2e9a';

  it('is an HMAC over time and raw body, as openssl computes it', () => {
    expect(signCallback('{"a":1}', ['first-secret-of-provider'], 1_700_000_000)).toBe(`t=1700000000,v1=${first}`);
  });

  it('has one v1 for each secret while one is being rotated', () => {
    expect(signCallback('{"a":1}', ['second-secret-of-provider', 'first-secret-of-provider'], 1_700_000_000)).toBe(
      `t=1700000000,v1=${second},v1=${first}`,
    );
  });
});
