import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller, Injectable, Module } from '@nestjs/common';
import { ClientsModule, Ctx, EventPattern, Payload } from '@nestjs/microservices';
import {
  currentTraceHeaders,
  RocketmqClientProxy,
  RocketmqEventPattern,
  RocketmqHealthIndicator,
  RocketmqModule,
  RocketmqRecordBuilder,
} from '@rocketshop/mq-nest';
import type { RocketmqContext } from '@rocketshop/mq-nest';
import { lastValueFrom } from 'rxjs';
import { until } from '@rocketshop/shop-testkit';
import { NestApps } from './nest-apps.js';
import type { RunningApp } from './nest-apps.js';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const received: string[] = [];
const traces: (string | undefined)[] = [];

@Controller()
class OrderConsumers {
  @RocketmqEventPattern('order-events', { group: 'mail', tag: 'paid' })
  mailPaid(@Payload() orderId: string): void {
    received.push(`mail paid ${orderId}`);
  }

  @RocketmqEventPattern('order-events', { group: 'mail', tag: 'closed || cancelled' })
  mailClosed(@Payload() orderId: string, @Ctx() context: RocketmqContext): void {
    received.push(`mail ${context.getTag()} ${orderId}`);
  }

  @EventPattern('order-events', { group: 'statistics' })
  count(@Payload() orderId: string): void {
    received.push(`statistics ${orderId}`);
  }

  @RocketmqEventPattern('traced', { group: 'trace' })
  trace(@Payload() _payload: unknown, @Ctx() context: RocketmqContext): void {
    traces.push(context.getHeaders()['traceparent'], currentTraceHeaders()['traceparent']);
  }
}

/** An asynchronous configuration, which forRootAsync waits for. */
@Injectable()
class Settings {
  namesrvAddr = '';
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

let shop: NestApps;
let app: RunningApp;

beforeAll(async () => {
  shop = await NestApps.start();
  const rocketmq = RocketmqModule.forRootAsync({
    imports: [SettingsModule],
    inject: [Settings],
    useFactory: async (settings: Settings) => {
      settings.namesrvAddr = shop.namesrvAddr;
      await Promise.resolve();
      return shop.options({ namesrvAddr: settings.namesrvAddr });
    },
  });
  app = await shop.bootWith(rocketmq, [OrderConsumers]);
});
afterAll(() => shop.close());

it('each group gets each message of its tags once', async () => {
  for (const tag of ['paid', 'created', 'closed', 'cancelled'])
    await app.publisher.publish({ topic: 'order-events', tag, payload: `order-${tag}` });
  await until(() => received.length >= 7);
  expect(received.toSorted()).toEqual([
    'mail cancelled order-cancelled',
    'mail closed order-closed',
    'mail paid order-paid',
    'statistics order-cancelled',
    'statistics order-closed',
    'statistics order-created',
    'statistics order-paid',
  ]);
});

it('the trace of a message goes to its handler, and to what the handler publishes', async () => {
  await app.publisher.publish({ topic: 'traced', payload: 1, headers: { traceparent: TRACEPARENT } });
  await until(() => traces.length === 2);
  expect(traces).toEqual([TRACEPARENT, TRACEPARENT]);
});

it("messages of one order key are in one queue in the order of their sends; Nest's client proxy sends too", async () => {
  const receipts = await app.publisher.publishAll(
    Array.from({ length: 8 }, (_, index) => ({ topic: 'keyed', orderKey: 'order-1', payload: index })),
  );
  expect(new Set(receipts.map(({ queueId }) => queueId)).size).toBe(1);
  expect(receipts.map(({ queueOffset }) => queueOffset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);

  const options = shop.options({ producerGroup: 'proxy' });
  const clients = ClientsModule.register([{ name: 'SHOP', customClass: RocketmqClientProxy, options }]);
  @Module({ imports: [clients], exports: [clients] })
  class ProxyModule {}
  const other = await shop.bootWith(RocketmqModule.forRoot(shop.options({ instanceName: 'other' })), [], [ProxyModule]);
  const proxy = other.app.get<RocketmqClientProxy>('SHOP', { strict: false });
  const record = new RocketmqRecordBuilder('order-proxy').setTag('paid').build();
  await expect(lastValueFrom(proxy.emit('order-events', record))).resolves.toMatchObject({ topic: 'order-events' });
  await until(() => received.includes('mail paid order-proxy') && received.includes('statistics order-proxy'));
});

it('health names the broker', async () => {
  await expect(app.app.get(RocketmqHealthIndicator).isHealthy()).resolves.toMatchObject({
    rocketmq: { status: 'up', brokers: ['broker-a'], consuming: 'connected' },
  });
});
