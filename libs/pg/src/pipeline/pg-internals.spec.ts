import { expect, it } from '@jest/globals';
import pg from 'pg';
import { serialize } from 'pg-protocol';
import { prepareValue } from './prepared-statements.js';

/* What pipelines use of pg without a promise in pg's documentation. A change of pg fails here, and not in a service. */

it('pg exports its conversion of values, which writes arrays, buffers, dates and bigints as PostgreSQL reads them', () => {
  expect(prepareValue([1, null, 'a"b'])).toBe('{"1",NULL,"a\\"b"}');
  expect(prepareValue(9_007_199_254_740_993n)).toBe('9007199254740993');
  expect(prepareValue(Buffer.from('ab'))).toEqual(Buffer.from('ab'));
  expect(prepareValue(new Date('2026-01-02T03:04:05.006Z'))).toMatch(/^2026-01-0\dT\d\d:\d\d:05\.006[+-]\d\d:\d\d$/);
  expect(prepareValue(undefined)).toBeNull();
});

it('pg hands messages to any query object that can submit itself', () => {
  const client = new pg.Client();
  expect(typeof client.getTypeParser).toBe('function');
  for (const name of ['parse', 'bind', 'describe', 'execute', 'sync', 'close'] as const) {
    expect(typeof serialize[name]).toBe('function');
  }
});
