import { expect, it } from '@jest/globals';
import { loadPayProviderConfig } from './pay-provider.config.js';

it('names every wrong variable at once, and no secret', () => {
  const load = () =>
    loadPayProviderConfig({ HTTP_PORT: 'x', CALLBACK_SECRETS: 'hunter2', MERCHANT_KEY: 'hunter3', TIME_SCALE: '0' });
  expect(load).toThrow(/HTTP_PORT[^]*CALLBACK_SECRETS[^]*MERCHANT_KEY[^]*TIME_SCALE/);
  expect(load).not.toThrow(/hunter/);
});

it('needs nothing but the secrets', () => {
  const secrets = { CALLBACK_SECRETS: 'd0b8a2f94c6e13758', MERCHANT_KEY: '5f7c19e2ab8d40361' };
  expect(loadPayProviderConfig(secrets)).toMatchObject({ httpPort: 3010, bindAddress: '127.0.0.1', timeScale: 1 });
});

it.each(['*', 'http://shop.example/payments', 'http://user@shop.example', 'ftp://shop.example', 'shop.example'])(
  'lets callbacks go to origins only, not to %s',
  (CALLBACK_ALLOW) => {
    expect(() => loadPayProviderConfig({ CALLBACK_ALLOW })).toThrow(/CALLBACK_ALLOW[^\n]*must be an origin/);
  },
);
