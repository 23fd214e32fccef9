import { expect, it } from '@jest/globals';
import { loadPayProviderConfig } from './pay-provider.config.js';

it('names every wrong variable at once, and no secret', () => {
  const load = () => loadPayProviderConfig({ HTTP_PORT: 'x', CALLBACK_SECRETS: 'hunter2', TIME_SCALE: '0' });
  expect(load).toThrow(/HTTP_PORT[^]*CALLBACK_SECRETS[^]*TIME_SCALE/);
  expect(load).not.toThrow(/hunter2/);
});

it('needs nothing but the secrets', () => {
  const config = loadPayProviderConfig({ CALLBACK_SECRETS: 'a-secret-of-16-or-more' });
  expect(config).toMatchObject({ httpPort: 3010, bindAddress: '127.0.0.1', timeScale: 1 });
});
