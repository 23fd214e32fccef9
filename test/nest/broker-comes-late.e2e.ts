import { afterEach, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { startBroker, startNameServer } from '@rocketshop/mq-broker';
import type { BrokerHandle, NameServer } from '@rocketshop/mq-broker';
import {
  PublishNotConfirmedError,
  RocketmqEventPattern,
  RocketmqHealthIndicator,
  RocketmqModule,
  RocketmqPublisher,
  RocketmqServer,
} from '@rocketshop/mq-nest';
import { freePort, until } from '@rocketshop/shop-testkit';

const received: unknown[] = [];

@Controller()
class Consumer {
  @RocketmqEventPattern('early', { group: 'early-bird' })
  handle(@Payload() payload: unknown): void {
    received.push(payload);
  }
}

let app: INestApplication | undefined;
let nameServer: NameServer | undefined;
let broker: BrokerHandle | undefined;
afterEach(async () => {
  await app?.close();
  await broker?.close();
  await nameServer?.close();
});

it('a service that starts before its name server and broker works as soon as they are there', async () => {
  const port = await freePort();
  const namesrvAddr = `127.0.0.1:${port}`;
  const rocketmq = RocketmqModule.forRoot({ namesrvAddr, sendTimeoutMs: 500, routeRefreshIntervalMs: 50 });
  const root = { module: class {}, imports: [rocketmq], controllers: [Consumer] };
  app = await NestFactory.create(root, new FastifyAdapter(), { logger: false });
  app.connectMicroservice({ strategy: app.get(RocketmqServer) });
  await app.startAllMicroservices();

  const publisher = app.get(RocketmqPublisher);
  const health = app.get(RocketmqHealthIndicator);
  await expect(publisher.publish({ topic: 'early', payload: 'lost' })).rejects.toThrow(PublishNotConfirmedError);
  await expect(health.isHealthy()).resolves.toMatchObject({ rocketmq: { status: 'down' } });

  nameServer = await startNameServer({ port });
  broker = await startBroker({ namesrvAddr });
  await until(async () => (await health.isHealthy())['rocketmq']?.status === 'up');
  await until(() => publisher.publish({ topic: 'early', payload: 'kept' }));
  await until(() => received.includes('kept'), { timeoutMs: 20_000 });
}, 40_000);
