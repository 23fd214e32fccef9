import { expect, it } from '@jest/globals';
import { securityHeaders } from './security-headers.js';

it('are what helmet sets, without upgrade-insecure-requests, and keep answers out of caches', () => {
  const headers = securityHeaders();
  expect(Object.keys(headers)).toHaveLength(13);
  expect(headers).toMatchObject({
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'x-frame-options': 'SAMEORIGIN',
  });
  expect(headers['content-security-policy']).toMatch(/^default-src 'self';/);
  expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
});
