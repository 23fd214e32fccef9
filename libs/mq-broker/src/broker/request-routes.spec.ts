import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { requestCodeName } from '@rocketshop/mq-protocol';
import { createRequestRoutes } from './request-routes.js';
import type { RequestRoutesParts } from './request-routes.js';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

/** The processors look at their parts only when they are called. */
const routes = createRequestRoutes({ context: {} } as unknown as RequestRoutesParts);

describe('the request routes', () => {
  const codes = [...routes.inPlace.keys(), ...routes.decoded.keys()].sort((left, right) => left - right);

  it('has one processor for each code', () => {
    expect(new Set(codes).size).toBe(codes.length);
  });

  it('names every code in the table of codes', () => {
    expect(codes.filter((code) => requestCodeName(code) === String(code))).toEqual([]);
  });

  it('is told by the README', () => {
    const served = readme.slice(readme.indexOf('## What is served'), readme.indexOf('| Not served'));
    expect(codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(served))).toEqual([]);
  });
});
