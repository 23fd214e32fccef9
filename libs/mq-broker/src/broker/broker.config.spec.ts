import { describe, expect, it } from '@jest/globals';
import { nameServersOf, resolveBrokerConfig } from './broker.config.js';

describe("the broker's settings", () => {
  it('have defaults that reach nobody but this machine', () => {
    expect(resolveBrokerConfig({})).toMatchObject({
      bindAddress: '127.0.0.1',
      brokerIP1: '127.0.0.1',
      brokerName: 'broker-a',
    });
  });

  it('advertise an outer address when every address is bound', () => {
    expect(resolveBrokerConfig({ bindAddress: '0.0.0.0' }).brokerIP1).not.toBe('0.0.0.0');
    expect(resolveBrokerConfig({ bindAddress: '0.0.0.0', brokerIP1: '10.9.8.7' }).brokerIP1).toBe('10.9.8.7');
  });

  it('are refused with every problem named', () => {
    const wrong = {
      listenPort: -1,
      brokerName: '../a',
      timeScale: 0,
      messageDelayLevel: '1s x',
      brokerIP1: 'me',
      namesrvAddr: 'x',
    };
    expect(() => resolveBrokerConfig(wrong)).toThrow(
      /listenPort.*brokerName.*brokerIP1.*namesrvAddr.*timeScale.*messageDelayLevel/,
    );
  });

  it('list name servers', () => {
    expect(nameServersOf(' a:1; b:2;')).toEqual(['a:1', 'b:2']);
  });
});
