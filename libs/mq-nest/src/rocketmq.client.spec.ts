import { beforeEach, describe, expect, it } from '@jest/globals';
import { lastValueFrom } from 'rxjs';
import { InvalidMessageError, PublishNotConfirmedError, RequestReplyUnsupportedError } from './errors.js';
import { RocketmqClientProxy } from './rocketmq.client.js';
import { RocketmqRecordBuilder } from './rocketmq.record.js';
import { InMemoryDriver } from './testing/index.js';

let driver: InMemoryDriver;
let client: RocketmqClientProxy;
beforeEach(() => {
  driver = new InMemoryDriver();
  client = new RocketmqClientProxy({ namesrvAddr: '127.0.0.1:9876' }, driver);
});

describe('emit', () => {
  it('sends plain data to the topic and gives the receipt', async () => {
    await expect(lastValueFrom(client.emit('orders', { a: '1' }))).resolves.toMatchObject({ messageId: 'message-0' });
    expect(driver.sent[0]).toMatchObject({ topic: 'orders', body: Buffer.from('{"a":"1"}') });
  });

  it('sends a record with all its options', async () => {
    const record = new RocketmqRecordBuilder({ a: '0' })
      .setData({ a: '1' })
      .setTag('created')
      .setKeys('order-1', 'user-1')
      .setDelayLevel(3)
      .setOrderKey('order-1')
      .setHeaders({ 'x-a': '1' })
      .setHeaders({ 'x-b': '2' })
      .build();
    await lastValueFrom(client.emit('orders', record));
    expect(driver.sent[0]).toEqual({
      topic: 'orders',
      body: Buffer.from('{"a":"1"}'),
      tags: 'created',
      keys: 'order-1 user-1',
      delayTimeLevel: 3,
      orderKey: 'order-1',
      properties: { 'x-a': '1', 'x-b': '2' },
    });
  });

  it('accepts a delay in milliseconds too', async () => {
    await lastValueFrom(client.emit('orders', new RocketmqRecordBuilder(1).setDelayMs(6000).build()));
    expect(driver.sent[0]?.delayTimeLevel).toBe(3);
  });

  it('sends the headers that the dispatch hook attached', async () => {
    client.setOnDispatchHook((packet) => {
      packet.metadata = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    });
    await lastValueFrom(client.emit('orders', 1));
    expect(driver.sent[0]?.properties).toEqual({
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
  });

  it('fails when the broker did not confirm', async () => {
    driver.nextSend = 'FLUSH_DISK_TIMEOUT';
    await expect(lastValueFrom(client.emit('orders', 1))).rejects.toThrow(PublishNotConfirmedError);
  });

  it('refuses a pattern that is no topic', async () => {
    await expect(lastValueFrom(client.emit({ cmd: 'x' }, 1))).rejects.toThrow(InvalidMessageError);
  });
});

it('send fails, because there is no answer to wait for, and sends nothing', async () => {
  await expect(lastValueFrom(client.send('orders', 1))).rejects.toThrow(RequestReplyUnsupportedError);
  expect(driver.sent).toEqual([]);
});

it('emits its status', async () => {
  const statuses: string[] = [];
  client.status.subscribe((status) => statuses.push(status));
  await client.connect();
  await client.close();
  expect(statuses).toEqual(['connecting', 'connected', 'closed']);
});

it("unwraps the client library's producer", () => {
  const producer = driver.createProducer();
  const drivers = Object.assign(new InMemoryDriver(), { createProducer: () => producer });
  expect(new RocketmqClientProxy({ namesrvAddr: '127.0.0.1:9876' }, drivers).unwrap()).toBe(producer);
});
