import { describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { MessagingConfigurationError } from './errors.js';
import { RocketmqHealthIndicator } from './health.js';
import { RocketmqModule } from './rocketmq.module.js';
import { RocketmqPublisher } from './rocketmq.publisher.js';
import { RocketmqServer } from './rocketmq.server.js';
import { InMemoryDriver, ROCKETMQ_DRIVER } from './testing/index.js';

const namesrvAddr = '127.0.0.1:9876';

@Injectable()
class Sender {
  constructor(readonly publisher: RocketmqPublisher) {}
}

@Module({ providers: [Sender] })
class FeatureModule {}

const compile = (...imports: DynamicModule[]): Promise<TestingModule> =>
  Test.createTestingModule({ imports: [...imports, FeatureModule] })
    .overrideProvider(ROCKETMQ_DRIVER)
    .useValue(new InMemoryDriver())
    .compile();

describe('RocketmqModule', () => {
  it.each([
    ['forRoot', RocketmqModule.forRoot({ namesrvAddr })],
    ['forRootAsync', RocketmqModule.forRootAsync({ useFactory: async () => ({ namesrvAddr }) })],
  ])('%s gives publisher, server and health to the whole application', async (_name, imported) => {
    const module = await compile(imported);
    expect(module.get(Sender, { strict: false }).publisher).toBe(module.get(RocketmqPublisher));
    expect(module.get(RocketmqServer)).toBeInstanceOf(RocketmqServer);
    expect(module.get(RocketmqHealthIndicator)).toBeInstanceOf(RocketmqHealthIndicator);
    await module.close();
  });

  it('register gives them to the importing module only', async () => {
    await expect(compile(RocketmqModule.register({ namesrvAddr }))).rejects.toThrow(
      "can't resolve dependencies of the Sender",
    );
    await expect(compile(RocketmqModule.registerAsync({ useFactory: () => ({ namesrvAddr }) }))).rejects.toThrow(
      "can't resolve dependencies of the Sender",
    );
  });

  it('refuses wrong options at the start', async () => {
    await expect(compile(RocketmqModule.forRoot({ namesrvAddr: '' }))).rejects.toThrow(MessagingConfigurationError);
  });

  it.each([2 ** 31, Infinity, -1, Number.NaN])('refuses times of %d ms at the start, all at once', async (ms) => {
    const times = { routeRefreshIntervalMs: ms, sendTimeoutMs: ms, drainTimeoutMs: ms };
    await expect(compile(RocketmqModule.forRoot({ namesrvAddr, ...times }))).rejects.toThrow(
      new RegExp(
        `routeRefreshIntervalMs must be a whole number from 10 to 86400000, not ${ms}[^]*sendTimeoutMs[^]*drainTimeoutMs`,
      ),
    );
  });

  it('closes the publisher with the application', async () => {
    const module = await compile(RocketmqModule.forRoot({ namesrvAddr }));
    const publisher = module.get(RocketmqPublisher);
    await publisher.publish({ topic: 'orders', payload: 1 });
    await module.close();
    await expect(publisher.publish({ topic: 'orders', payload: 1 })).rejects.toThrow('closed');
  });
});
