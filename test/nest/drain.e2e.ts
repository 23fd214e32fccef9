import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { RocketmqEventPattern } from '@rocketshop/mq-nest';
import { until } from '@rocketshop/shop-testkit';
import { NestApps } from './nest-apps.js';

const MESSAGES = 400;
const handled: number[] = [];
let running = 0;
let runningMax = 0;

@Controller()
class SlowConsumer {
  @RocketmqEventPattern('drained', { group: 'drain' })
  async handle(@Payload() number: number): Promise<void> {
    running += 1;
    runningMax = Math.max(runningMax, running);
    // Long enough that handlers run at every stop below.
    await new Promise((resolve) => setTimeout(resolve, 5));
    running -= 1;
    handled.push(number);
  }
}

let shop: NestApps;
beforeAll(async () => {
  shop = await NestApps.start();
});
afterAll(() => shop.close());

it('stops and starts during the work lose no message and repeat none', async () => {
  const { publisher } = await shop.boot([], { instanceName: 'publisher' });
  await publisher.publishAll(Array.from({ length: MESSAGES }, (_, payload) => ({ topic: 'drained', payload })));
  for (const stopAfter of [50, 150, 250]) {
    const consumer = await shop.boot([SlowConsumer]);
    await until(() => handled.length >= stopAfter);
    await consumer.app.close();
    expect(running).toBe(0);
    expect(consumer.server.statusNow()).toBe('closed');
  }
  await shop.boot([SlowConsumer]);
  await until(() => new Set(handled).size === MESSAGES);
  expect(handled.toSorted((a, b) => a - b)).toEqual(Array.from({ length: MESSAGES }, (_, index) => index));
  expect(runningMax).toBeGreaterThan(1);
});
