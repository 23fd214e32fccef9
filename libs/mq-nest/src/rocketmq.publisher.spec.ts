import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  InvalidMessageError,
  MessagingConfigurationError,
  NotConnectedError,
  PublishAllNotConfirmedError,
  PublishNotConfirmedError,
} from './errors.js';
import { RocketmqPublisher } from './rocketmq.publisher.js';
import { InMemoryDriver } from './testing/index.js';

const namesrvAddr = '127.0.0.1:9876';
const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

let driver: InMemoryDriver;
let publisher: RocketmqPublisher;
beforeEach(() => {
  driver = new InMemoryDriver();
  publisher = new RocketmqPublisher({ namesrvAddr, timeScale: 60 }, driver);
});

describe('publish', () => {
  it('resolves with a receipt on SEND_OK', async () => {
    await expect(publisher.publish({ topic: 'orders', payload: { a: '1' } })).resolves.toEqual({
      messageId: 'message-0',
      topic: 'orders',
      queueId: 0,
      queueOffset: 0,
    });
  });

  it('scales the delay levels and passes the order key on', async () => {
    await publisher.publish({ topic: 'orders', payload: 1, delayMs: 30_000, orderKey: 'order-1' });
    expect(driver.sent[0]).toMatchObject({ delayTimeLevel: 16, orderKey: 'order-1' });
  });

  it('adds the trace headers of the application, unless the message has headers of the same name', async () => {
    const traceHeaders = () => ({ traceparent: 'of the application', baggage: 'b' });
    publisher = new RocketmqPublisher({ namesrvAddr, traceHeaders }, driver);
    await publisher.publish({ topic: 'orders', payload: 1, headers: { traceparent: 'of the row' } });
    expect(driver.sent[0]?.properties).toEqual({ traceparent: 'of the row', baggage: 'b' });
  });

  it.each(['FLUSH_DISK_TIMEOUT', 'FLUSH_SLAVE_TIMEOUT', 'SLAVE_NOT_AVAILABLE'] as const)(
    'rejects with the status %s: stored, but not as safely as asked',
    async (status) => {
      driver.nextSend = status;
      const error = await failureOf(publisher.publish({ topic: 'orders', payload: 1 }));
      expect(error).toBeInstanceOf(PublishNotConfirmedError);
      expect(error).toMatchObject({ status, topic: 'orders', retriable: true });
    },
  );

  it('rejects with the cause when there was no answer', async () => {
    driver.nextSend = new Error('connection lost');
    const error = await failureOf(publisher.publish({ topic: 'orders', payload: 1 }));
    expect(error).toMatchObject({ status: 'SEND_FAILED', cause: driver.nextSend });
    expect(String(error)).toContain('connection lost');
  });

  it('rejects with InvalidMessageError when the client does', async () => {
    driver.nextSend = Object.assign(new Error('body is larger than 4194304 bytes'), { code: 'INVALID_MESSAGE' });
    const error = await failureOf(publisher.publish({ topic: 'orders', payload: 1 }));
    expect(error).toBeInstanceOf(InvalidMessageError);
    expect(error).toMatchObject({ retriable: false });
  });

  it('tries to connect again after it failed', async () => {
    const producer = driver.createProducer();
    let failures = 1;
    const flaky = Object.assign(new InMemoryDriver(), {
      createProducer: () => ({
        ...producer,
        start: async () => {
          if (failures-- > 0) throw new Error('no name server');
        },
      }),
    });
    publisher = new RocketmqPublisher({ namesrvAddr }, flaky);
    await expect(publisher.publish({ topic: 'orders', payload: 1 })).rejects.toThrow('no name server');
    await expect(publisher.publish({ topic: 'orders', payload: 1 })).resolves.toBeDefined();
  });

  it('is waited for by close, also when it fails', async () => {
    const answers: ((error: Error) => void)[] = [];
    const order: string[] = [];
    const producer = {
      ...driver.createProducer(),
      send: () => new Promise<never>((_resolve, reject) => answers.push(reject)),
      shutdown: async () => void order.push('disconnected'),
    };
    publisher = new RocketmqPublisher(
      { namesrvAddr },
      Object.assign(new InMemoryDriver(), { createProducer: () => producer }),
    );
    await publisher.connect();
    const sends = [1, 2].map((payload) => failureOf(publisher.publish({ topic: 'orders', payload })));
    const closing = publisher.close();
    for (const [index, refuse] of answers.entries()) {
      order.push(`answer ${index}`);
      refuse(new Error('refused'));
      await sends[index];
    }
    await closing;
    expect(order).toEqual(['answer 0', 'answer 1', 'disconnected']);
  });

  it('is refused after close', async () => {
    await publisher.close();
    await publisher.close();
    await expect(publisher.publish({ topic: 'orders', payload: 1 })).rejects.toThrow(NotConnectedError);
    await expect(publisher.connect()).rejects.toThrow(NotConnectedError);
  });
});

describe('publishAll', () => {
  it('keeps the order of each key and gives the receipts in the order of the messages', async () => {
    const messages = ['a', 'b', 'a', 'b'].map((orderKey, payload) => ({ topic: 'orders', orderKey, payload }));
    const receipts = await publisher.publishAll(messages);
    expect(receipts).toHaveLength(4);
    const sentOf = (key: string) =>
      driver.sent.filter(({ orderKey }) => orderKey === key).map(({ body }) => String(body));
    expect(sentOf('a')).toEqual(['0', '2']);
    expect(sentOf('b')).toEqual(['1', '3']);
  });

  it('stops a key at its first failure, not the other keys, and reports the outcome of each message', async () => {
    const error = await failureOf(
      publisher.publishAll([
        { topic: 'orders', orderKey: 'a', payload: 1n },
        { topic: 'orders', orderKey: 'a', payload: 'never sent' },
        { topic: 'orders', payload: 'sent' },
      ]),
    );
    expect(error).toBeInstanceOf(PublishAllNotConfirmedError);
    expect((error as PublishAllNotConfirmedError).outcomes.map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(error).toMatchObject({ retriable: false });
    expect(driver.sent).toHaveLength(1);
  });
});

it('names every wrong option at once', () => {
  const wrong = { namesrvAddr: ' ', timeScale: 0, producerGroup: 'a b', sendTimeoutMs: 1.5 };
  expect(() => new RocketmqPublisher(wrong, driver)).toThrow(MessagingConfigurationError);
  expect(() => new RocketmqPublisher(wrong, driver)).toThrow(
    /namesrvAddr must[^]*timeScale must[^]*producerGroup "a b"[^]*sendTimeoutMs must/,
  );
});
