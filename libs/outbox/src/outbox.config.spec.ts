import { expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import { OutboxOptionsError } from './errors.js';
import { OutboxRelay } from './outbox-relay.js';

const needed = { pool: {} as Pool, publisher: { publish: () => Promise.resolve() } };

it('refuses limits that no timer can wait for, and those that contradict each other, all at once', () => {
  const options = { pollIntervalMs: 2 ** 31, backoffMaxMs: Infinity, leaseTermMs: 1_000, inFlightMax: 0 };
  const build = () => new OutboxRelay({ ...needed, ...options });
  expect(build).toThrow(OutboxOptionsError);
  expect(build).toThrow(
    /pollIntervalMs.*backoffMaxMs.*leaseTermMs \(1000\) must be longer than statementTimeoutMs.*inFlightMax/,
  );
});

it('takes undefined for the default, and keeps rows for years', () => {
  expect(() => new OutboxRelay({ ...needed, keepSentMs: 10 ** 11, pollIntervalMs: undefined as never })).not.toThrow();
});
