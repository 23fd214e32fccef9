import { createHmac } from 'node:crypto';
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

  it.each(['\u00e4', 'x'.repeat(64)])('may name the buyer %p', (buyer) => {
    expect(tokens.verify(tokens.sign(buyer))).toBe(buyer);
  });

  // The tests above move the clock by a minute. An end that is over would hide what else is wrong.
  const soon = now + 3_600_000;
  const claimsOf = (expiresAt: unknown) => `{"buyerId":"ada","expiresAt":${String(expiresAt)}}`;

  it.each([
    ['no JSON', 'claims'],
    ['nothing', ' '],
    ['null', 'null'],
    ['a list', '[]'],
    ['deep lists', '['.repeat(300)],
    ['no end', '{"buyerId":"ada"}'],
    ['an end that never comes', claimsOf('1e400')],
    ['an end in years', claimsOf(1e15)],
    ['an end before time', claimsOf(-1)],
    ['an end as text', claimsOf(`"${soon}"`)],
    ['an end as another text', claimsOf('"never"')],
    ['an end between two ms', claimsOf(`${soon}.5`)],
    ['no buyer', `{"expiresAt":${soon}}`],
    ['an empty buyer', `{"buyerId":"","expiresAt":${soon}}`],
    ['a buyer that no database holds', `{"buyerId":"\\u0000","expiresAt":${soon}}`],
    ['two buyers', `{"buyerId":"eve","buyerId":"ada","expiresAt":${soon}}`],
    ['one claim more', `{"buyerId":"ada","admin":true,"expiresAt":${soon}}`],
  ])('is refused when its claims are %s, although the signature is right', (_what, claims) => {
    const signed = `v1.${Buffer.from(claims).toString('base64url')}`;
    const mac = createHmac('sha256', secret.reveal()).update(signed).digest('base64url');
    expect(() => tokens.verify(`${signed}.${mac}`)).toThrow(InvalidTokenError);
  });

  it('has one spelling', () => {
    const token = tokens.sign('ada');
    const [version, claims, mac = ''] = token.split('.');
    const lastBits = mac.slice(0, -1) + String.fromCharCode(mac.charCodeAt(42) + 1);
    const spellings = [
      `${token}=`,
      `${token}.`,
      ` ${token}`,
      `${token}\n`,
      `V1.${claims}.${mac}`,
      `${version}.${claims}=.${mac}`,
    ];
    for (const other of [...spellings, `${version}.${claims}.${lastBits}`, `${version}.${claims}..${mac}`]) {
      expect(() => tokens.verify(other)).toThrow(InvalidTokenError);
    }
  });

  it('is not signed for longer than a day', () => {
    expect(() => tokens.sign('ada', 86_400_001)).toThrow(RangeError);
  });
});
