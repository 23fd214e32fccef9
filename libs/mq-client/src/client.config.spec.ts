import { describe, expect, it } from '@jest/globals';
import { InvalidOptionsError } from './client-error.js';
import { clientFingerprint, OptionProblems, resolveClientOptions } from './client.config.js';
import type { ClientOptions } from './client.config.js';
import { resolvePushConsumerOptions } from './consumer/consumer.config.js';
import { resolveProducerOptions, sendTimeoutMs } from './producer/producer.config.js';

const resolve = (options: ClientOptions) => resolveClientOptions(options, new OptionProblems('test'));
const fingerprint = (options: Partial<ClientOptions>): string =>
  clientFingerprint(resolve({ namesrvAddr: 'a:1;b:2', ...options }));

describe('clientFingerprint', () => {
  it('is equal for options that can share an instance', () => {
    expect(fingerprint({})).toBe(fingerprint({ namesrvAddr: ' b:2 ; a:1;a:1' }));
    expect(fingerprint({})).toBe(fingerprint({ instanceName: 'DEFAULT', connectTimeoutMillis: 3_000 }));
  });

  it.each<Partial<ClientOptions>>([
    { namesrvAddr: 'a:1' },
    { instanceName: 'other' },
    { pollNameServerInterval: 100 },
    { heartbeatBrokerInterval: 100 },
    { connectTimeoutMillis: 1 },
    { mqClientApiTimeout: 1 },
  ])('differs for %j', (options) => {
    expect(fingerprint(options)).not.toBe(fingerprint({}));
  });
});

describe('options', () => {
  it('have the defaults of RocketMQ', () => {
    expect(resolveProducerOptions({ namesrvAddr: 'a:1', producerGroup: 'g' })).toMatchObject({
      sendMsgTimeout: 3_000,
      retryTimesWhenSendFailed: 2,
      compressMsgBodyOverHowmuch: 4_096,
      maxMessageSize: 4_194_304,
      client: { pollNameServerInterval: 30_000, heartbeatBrokerInterval: 30_000 },
    });
    expect(resolvePushConsumerOptions({ namesrvAddr: 'a:1', consumerGroup: 'g' })).toMatchObject({
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      consumeThreadMax: 20,
      pullBatchSize: 32,
      maxReconsumeTimes: 16,
      rebalanceInterval: 20_000,
      persistConsumerOffsetInterval: 5_000,
      consumeTimeout: 15,
    });
  });

  it('name every problem at once', () => {
    const build = () =>
      resolveProducerOptions({ namesrvAddr: 'nowhere', producerGroup: 'a b', sendMsgTimeout: 0, compressLevel: 10 });
    expect(build).toThrow(InvalidOptionsError);
    expect(build).toThrow(/"nowhere" is not host:port.*producerGroup.*sendMsgTimeout.*compressLevel/);
  });

  it.each([2 ** 31, Infinity, 0, -1, Number.NaN, 1.5])('refuse %d ms for one send', (timeoutMs) => {
    const producer = resolveProducerOptions({ namesrvAddr: 'a:1', producerGroup: 'g' });
    expect(() => sendTimeoutMs({ timeoutMs }, producer)).toThrow(
      `timeoutMs must be a whole number from 1 to 3600000, got ${timeoutMs}`,
    );
    expect([sendTimeoutMs(undefined, producer), sendTimeoutMs({ timeoutMs: 7 }, producer)]).toEqual([3_000, 7]);
  });

  it('refuse times that contradict each other, and names with another meaning', () => {
    const consumer = { namesrvAddr: 'a:1', consumerGroup: 'g' };
    expect(() => resolvePushConsumerOptions({ ...consumer, consumerTimeoutMillisWhenSuspend: 15_000 })).toThrow(
      'must be greater than brokerSuspendMaxTimeMillis',
    );
    expect(() => resolvePushConsumerOptions({ ...consumer, consumerGroup: 'DEFAULT_CONSUMER' })).toThrow('must not be');
    expect(() => resolvePushConsumerOptions({ ...consumer, namesrvAddr: ' ;' })).toThrow(InvalidOptionsError);
  });
});
