import { expect, it } from '@jest/globals';
import { Readiness } from './readiness.js';

const fail = (error: unknown) => () => Promise.reject(error);

it('says which check failed and why, without a secret', async () => {
  const readiness = new Readiness();
  readiness.add('database', fail(new Error('no route to postgres://shop:hunter2@db:5432/shop\nat secret.js')));
  readiness.add('hints', fail(new Error('connect ECONNREFUSED 127.0.0.1:6379')), { required: false });
  readiness.add('broker', () => Promise.resolve({ brokers: 2 }));
  expect(await readiness.report()).toEqual({
    status: 'error',
    details: {
      accepting: { status: 'up' },
      database: { status: 'down', reason: 'no route to postgres://db:5432/shop' },
      hints: { status: 'degraded', reason: 'connect ECONNREFUSED 127.0.0.1:6379' },
      broker: { status: 'up', brokers: 2 },
    },
  });
});

it('names the first cause of several addresses that all failed', async () => {
  const readiness = new Readiness();
  const refused = Object.assign(new Error(''), { code: 'ECONNREFUSED' });
  readiness.add('database', fail(new AggregateError([refused])));
  expect((await readiness.report()).details['database']).toEqual({ status: 'down', reason: 'ECONNREFUSED' });
});

it('logs a change once, and nothing for further probes', async () => {
  const lines: unknown[] = [];
  const log = (fields: unknown): void => void lines.push(fields);
  const readiness = new Readiness({ info: log, warn: log } as never);
  let isUp = true;
  readiness.add('database', async () => {
    if (!isUp) throw new Error('away');
  });
  await readiness.report();
  isUp = false;
  await readiness.report();
  await readiness.report();
  isUp = true;
  await readiness.report();
  expect(lines).toEqual([
    { check: 'database', status: 'down', reason: 'away' },
    { check: 'database', status: 'up' },
  ]);
});

it('asks a part that hangs only once, however many probes come', async () => {
  const readiness = new Readiness(undefined, 5);
  let asked = 0;
  readiness.add('database', () => {
    asked++;
    return new Promise(() => undefined);
  });
  for (let probe = 0; probe < 3; probe++) {
    expect((await readiness.report()).details['database']).toEqual({ status: 'down', reason: 'no answer in 5 ms' });
  }
  expect(asked).toBe(1);
});
