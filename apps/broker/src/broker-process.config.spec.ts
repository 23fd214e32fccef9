import { describe, expect, it } from '@jest/globals';
import { brokerOptions, loadBrokerConfig } from './broker-process.config.js';

describe('the configuration of the broker', () => {
  it('needs nothing set and listens on loopback only', () => {
    const options = brokerOptions(loadBrokerConfig({}));
    expect(options).toMatchObject({
      bindAddress: '127.0.0.1',
      listenPort: 10_911,
      namesrvAddr: '127.0.0.1:9876',
      flushDiskType: 'ASYNC_FLUSH',
      storePathRootDir: 'data/broker',
    });
    expect(options).not.toHaveProperty('brokerIP1');
  });

  it('reads the property names in capitals', () => {
    const options = brokerOptions(
      loadBrokerConfig({
        BIND_ADDRESS: '0.0.0.0',
        BROKER_IP1: '10.1.2.3',
        BROKER_LISTEN_PORT: '0',
        FLUSH_DISK_TYPE: 'SYNC_FLUSH',
        TIME_SCALE: '60',
      }),
    );
    expect(options).toMatchObject({
      bindAddress: '0.0.0.0',
      brokerIP1: '10.1.2.3',
      listenPort: 0,
      flushDiskType: 'SYNC_FLUSH',
      timeScale: 60,
    });
  });

  it('leaves it to the broker what clients are told when BROKER_IP1 is passed through empty', () => {
    expect(brokerOptions(loadBrokerConfig({ BROKER_IP1: '' }))).not.toHaveProperty('brokerIP1');
  });

  it('names every wrong variable at once', () => {
    const wrong = { BROKER_LISTEN_PORT: '98765', FLUSH_DISK_TYPE: 'SOMETIMES', NAMESRV_ADDR: 'nowhere' };
    expect(() => loadBrokerConfig(wrong)).toThrow(/NAMESRV_ADDR[\s\S]*BROKER_LISTEN_PORT[\s\S]*FLUSH_DISK_TYPE/);
  });
});
