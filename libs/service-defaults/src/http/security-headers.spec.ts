import { expect, it } from '@jest/globals';
import { securityHeaders } from './security-headers.js';

it('are what helmet sets, without upgrade-insecure-requests', () => {
  const headers = securityHeaders();
  expect(Object.keys(headers)).toHaveLength(12);
  expect(headers).toMatchObject({
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'SAMEORIGIN',
  });
  expect(headers['content-security-policy']).toMatch(/^default-src 'self';/);
  expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
});
