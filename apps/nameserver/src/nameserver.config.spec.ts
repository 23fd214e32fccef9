import { describe, expect, it } from '@jest/globals';

import { loadNameServerConfig } from './nameserver.config.js';

describe('the configuration of the name server', () => {
  it('needs nothing set', () => {
    expect(loadNameServerConfig({})).toEqual({ listenPort: 9876, bindAddress: '127.0.0.1', kvConfigPath: undefined });
  });

  it('names every wrong variable at once', () => {
    const wrong = { NAMESRV_LISTEN_PORT: '98765', BIND_ADDRESS: 'http://x' };
    expect(() => loadNameServerConfig(wrong)).toThrow(/NAMESRV_LISTEN_PORT.*\n.*BIND_ADDRESS/);
  });
});
