import { expect, it } from '@jest/globals';
import pg from 'pg';
import { isAnsweredByServer } from './outcome.js';

const databaseError = (code: string): Error => Object.assign(new pg.DatabaseError('no', 1, 'error'), { code });

it.each([
  ['a unique violation', databaseError('23505'), true],
  ['a refusal of ours', databaseError('RF001'), true],
  ['a deadlock', databaseError('40P01'), true],
  ['a connection failure', databaseError('08006'), false],
  ['a session ended by an administrator', databaseError('57P01'), false],
  ['a socket that cannot be written to', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }), false],
  ['a connection that ended', new Error('Connection terminated unexpectedly'), false],
  ['what is no error', 'no', false],
])('%s', (_what, error, isAnswer) => {
  expect(isAnsweredByServer(error)).toBe(isAnswer);
});
