import { describe, expect, it } from '@jest/globals';

import { loadNameServerConfig } from './nameserver.config.js';

describe('the configuration of the name server', () => {
  it('needs nothing set', () => {
    expect(loadNameServerConfig({})).toEqual({
      listenPort: 9876,
      bindAddress: '127.0.0.1',
      internalPort: 5021,
      internalBindAddress: '127.0.0.1',
      logLevel: 'info',
      kvConfigPath: undefined,
    });
  });

  it('names a variable that is wrong', () => {
    expect(() => loadNameServerConfig({ NAMESRV_LISTEN_PORT: '98765' })).toThrow(/NAMESRV_LISTEN_PORT/);
  });
});
