import { expect, it } from '@jest/globals';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { createSecurityHeaders } from './security-headers.js';

it('sets on every answer what helmet sets, without upgrade-insecure-requests', () => {
  const setHeaders = createSecurityHeaders();
  for (let answer = 0; answer < 2; answer++) {
    const request = new IncomingMessage(new Socket());
    const response = new ServerResponse(request);
    let isPassedOn = false;
    setHeaders(request, response, () => (isPassedOn = true));
    expect(isPassedOn).toBe(true);
    expect(Object.keys(response.getHeaders())).toHaveLength(12);
    expect(response.getHeaders()).toMatchObject({
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
    });
    expect(response.getHeader('content-security-policy')).toMatch(/^default-src 'self';/);
    expect(response.getHeader('content-security-policy')).not.toContain('upgrade-insecure-requests');
  }
});
