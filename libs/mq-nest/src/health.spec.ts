import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { HealthIndicatorService } from '@nestjs/terminus';
import { NotConnectedError } from './errors.js';
import { RocketmqHealthIndicator } from './health.js';
import { RocketmqServer } from './rocketmq.server.js';
import { InMemoryDriver } from './testing/index.js';

const options = { namesrvAddr: '127.0.0.1:9876' };

describe('the health indicator', () => {
  let driver: InMemoryDriver;
  let server: RocketmqServer;
  let health: RocketmqHealthIndicator;
  beforeEach(() => {
    driver = new InMemoryDriver();
    server = new RocketmqServer(options, driver);
    health = new RocketmqHealthIndicator(new HealthIndicatorService(), server, options, driver);
  });

  it('is up and names the brokers', async () => {
    await expect(health.isHealthy()).resolves.toMatchObject({ rocketmq: { status: 'up', brokers: ['broker-a'] } });
  });

  it('is down without a broker, or degraded when the broker is not critical', async () => {
    driver.brokers = [];
    await expect(health.isHealthy('mq')).resolves.toMatchObject({ mq: { status: 'down' } });
    driver.brokers = new Error('no name server');
    await expect(health.isHealthy('mq', { critical: false })).resolves.toMatchObject({
      mq: { status: 'degraded', message: 'no name server' },
    });
  });

  it("gives the same result to checks other than terminus's", async () => {
    await expect(health.reach()).resolves.toEqual({ brokers: ['broker-a'] });
    driver.brokers = [];
    await expect(health.reach()).rejects.toThrow(NotConnectedError);
  });

  it('is down when no answer comes in time', async () => {
    jest.spyOn(driver, 'createAdminClient').mockReturnValue({
      ...driver.createAdminClient(),
      fetchClusterInfo: () => new Promise(() => undefined),
    });
    health = new RocketmqHealthIndicator(new HealthIndicatorService(), server, options, driver);
    await expect(health.isHealthy('mq', { timeoutMs: 1 })).resolves.toMatchObject({
      mq: { status: 'down', message: 'no answer within 1 ms' },
    });
  });

  it("reports the server's status, and is down while the server drains", async () => {
    await server.listen(() => undefined);
    await expect(health.isHealthy()).resolves.toMatchObject({ rocketmq: { status: 'up', consuming: 'connected' } });
    await server.close();
    await expect(health.isHealthy()).resolves.toMatchObject({ rocketmq: { status: 'down', consuming: 'closed' } });
    await health.onApplicationShutdown();
  });
});
