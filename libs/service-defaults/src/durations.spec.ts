import { InvalidLimitsError } from '@rocketshop/pg';
import { expect, it } from '@jest/globals';
import { z } from 'zod';
import { BuyerTokens } from './auth/buyer-tokens.js';
import { Secret } from './config/secret.js';
import { connectAndMigrate } from './database/connect.js';
import { Readiness } from './health/readiness.js';
import { JsonClient } from './http/json-client.js';
import { createService } from './lifecycle/create-service.js';
import { RepeatingTask } from './lifecycle/repeating-task.js';
import { RpcClient } from './rpc/rpc-client.js';

const WRONG = [2 ** 31, Infinity, -Infinity, -1, Number.NaN];
const client = new RpcClient('stock', { host: '127.0.0.1', port: 1 });
const QUOTE = { pattern: 'quote', call: z.object(), answer: z.object() };
const database = { url: 'postgres://127.0.0.1:1/none', entities: [], migrations: [], applicationName: 'none' };

/** What takes a duration from a program, and the name that it has there. */
const TAKERS: readonly (readonly [string, string, (ms: number) => unknown])[] = [
  ['a repeating task', 'intervalMs', (ms) => new RepeatingTask(ms, () => Promise.resolve(), String)],
  ['a JSON client', 'timeoutMs', (timeoutMs) => new JsonClient({ timeoutMs })],
  ['the checks of readiness', 'checkTimeoutMs', (ms) => new Readiness(undefined, ms)],
  ['a remote call', 'timeoutMs', (timeoutMs) => client.call(QUOTE, {}, { timeoutMs })],
  [
    'a start that waits for its database',
    'startTimeoutMs',
    (ms) => connectAndMigrate({ ...database, startTimeoutMs: ms }),
  ],
  ['a session', 'statementTimeoutMs', (ms) => connectAndMigrate({ ...database, statementTimeoutMs: ms })],
  [
    'a service',
    'drainMs',
    (drainMs) =>
      createService({
        name: 'none',
        config: { httpPort: 0, internalPort: 0, bindAddress: '127.0.0.1', drainMs },
        module: class None {},
      }),
  ],
];

it.each(TAKERS)('%s takes no %s that no timer can wait for', async (_what, name, take) => {
  for (const ms of WRONG) {
    const taking = Promise.resolve().then(() => take(ms));
    await expect(taking).rejects.toThrow(InvalidLimitsError);
    await expect(taking).rejects.toThrow(new RegExp(`${name} must be from [01] to 2147483647 ms, not ${ms}`));
  }
  client.close();
});

it('no token lives for no number of ms', () => {
  const tokens = new BuyerTokens(new Secret('a secret of these stories, and long enough'));
  for (const lifetimeMs of [Number.NaN, Infinity, 2 ** 31])
    expect(() => tokens.sign('ada', lifetimeMs)).toThrow(RangeError);
});
