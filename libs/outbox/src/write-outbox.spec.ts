import { expect, it } from '@jest/globals';
import type { PgClient } from '@rocketshop/pg';
import { OutboxRowError } from './errors.js';
import { writeOutbox } from './write-outbox.js';

const unreachable = { query: () => Promise.reject(new Error('must not be sent')) } as unknown as PgClient;

it.each([
  ['no key', { topic: 't', key: '', payload: 1 }],
  ['no topic', { topic: '', key: 'k', payload: 1 }],
  ['an amount that is not text', { topic: 't', key: 'k', payload: { amount: 1n } }],
  ['a delay that is no number', { topic: 't', key: 'k', payload: 1, delayMs: Number.NaN }],
  ['an endless delay', { topic: 't', key: 'k', payload: 1, delayMs: Infinity }],
  ['nothing', { topic: 't', key: 'k', payload: undefined }],
])('refuses a row with %s before anything is sent', async (_what, row) => {
  await expect(writeOutbox(unreachable, [row])).rejects.toThrow(OutboxRowError);
});

it('runs no statement for no rows', async () => {
  await expect(writeOutbox(unreachable, [])).resolves.toBeUndefined();
});
