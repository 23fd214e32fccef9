import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { LockTimeoutError, StatementRefusedError } from './errors.js';
import { isUnavailable } from './unavailable.js';

function answered(code: string): pg.DatabaseError {
  const error = new pg.DatabaseError('from the server', 0, 'error');
  error.code = code;
  return error;
}

it.each(['08006', '53300', '57P01', '57P02', '57P03', '57014', '25006', '25P03', '40P01'])(
  'calls the database unavailable when it answers %s',
  (code) => {
    expect(isUnavailable(answered(code))).toBe(true);
    expect(isUnavailable(Object.assign(new Error('query failed'), { driverError: answered(code) }))).toBe(true);
  },
);

it.each(['23505', '42P01', '22021', 'RF001', '28P01', '3D000'])('does not where the caller is wrong: %s', (code) => {
  expect(isUnavailable(answered(code))).toBe(false);
});

it('knows a refused connection, one address or several', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  expect(isUnavailable(refused)).toBe(true);
  expect(isUnavailable(new AggregateError([refused, refused]))).toBe(true);
  expect(isUnavailable(new Error('outer', { cause: refused }))).toBe(true);
});

it('goes by what the errors of this library say', () => {
  expect(isUnavailable(new LockTimeoutError('a lock'))).toBe(true);
  expect(isUnavailable(new StatementRefusedError('SOLD_OUT'))).toBe(false);
  expect(isUnavailable('no error')).toBe(false);
});

it('knows the errors of pg and pg-pool by their words, which these packages still use', () => {
  const { resolve } = createRequire(import.meta.url);
  const source = ['pg/lib/client.js', 'pg-pool'].map((path) => readFileSync(resolve(path), 'utf8')).join('\n');
  const words = [
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable',
    'Cannot use a pool after calling end on the pool',
  ];
  for (const message of words) {
    expect(source).toContain(message);
    expect(isUnavailable(new Error(message))).toBe(true);
  }
});
