import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Catch, Controller, Logger, UseFilters } from '@nestjs/common';
import type { ExceptionFilter } from '@nestjs/common';
import { EMPTY, from, of, throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import { Registry } from 'prom-client';
import { RocketmqPublisher } from './rocketmq.publisher.js';
import { DiscardMessageError, RetryMessageError } from './outcome.js';
import { RocketmqEventPattern } from './rocketmq-event-pattern.decorator.js';
import { ServerUnderTest } from './testing/server-under-test.js';

const { group } = ServerUnderTest;

class OutOfStockError extends Error {}

let warnings: string[];
let test: ServerUnderTest;

beforeEach(() => {
  test = new ServerUnderTest();
  warnings = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((warning: string) => void warnings.push(warning));
  jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
});

afterEach(async () => {
  await test.close();
  jest.restoreAllMocks();
});

describe('a handler that returns', () => {
  it.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['a promise', () => Promise.resolve('x')],
    ['an observable', () => of(1, 2)],
    ['an observable without a value', () => EMPTY],
  ])('is done with the message: %s', async (_what, result) => {
    test.behave = result;
    await test.start();
    await test.publish({ orderId: '1' });
    expect(test.server.deliveryCounts()).toMatchObject([{ group, topic: 'orders', done: 1, failed: 0, discarded: 0 }]);
    expect(test.driver.deadLetters.size).toBe(0);
  });

  it('is awaited to its end, also when it returns a stream', async () => {
    const { promise: gate, resolve: open } = withResolvers();
    test.behave = () => from(gate);
    await test.start();
    await test.publisher.publish({ topic: 'orders', payload: 1 });
    expect(test.server.deliveryCounts()[0]?.done ?? 0).toBe(0);
    open();
    await test.driver.settled();
    expect(test.server.deliveryCounts()[0]?.done).toBe(1);
  });

  it('sees payload and context', async () => {
    const seen: unknown[] = [];
    test.behave = (data, context) => {
      seen.push(data, context.getTopic(), context.getTag(), context.getKey(), context.getGroup(), context.getHeaders());
      seen.push(context.getReconsumeTimes(), context.getLastFailure());
    };
    await test.start();
    await test.publisher.publish({
      topic: 'orders',
      tag: 'paid',
      key: 'k',
      payload: { a: '1' },
      headers: { 'x-a': 'b' },
    });
    await test.driver.settled();
    expect(seen).toEqual([{ a: '1' }, 'orders', 'paid', 'k', group, { 'x-a': 'b' }, 0, undefined]);
  });
});

describe('a handler that throws', () => {
  it.each<[string, () => unknown]>([
    ['at once', () => raise(new OutOfStockError('none left'))],
    ['later', () => Promise.reject(new OutOfStockError('none left'))],
    ['in its stream', () => throwError(() => new OutOfStockError('none left'))],
  ])('gets the message again; then the DLQ has it with class, message and stack: %s', async (_when, fail) => {
    const attempts: [number, string | undefined][] = [];
    test.behave = (_data, context) => {
      attempts.push([context.getReconsumeTimes(), context.getLastFailure()?.message]);
      return fail();
    };
    await test.start();
    await test.publish({ orderId: '1' });
    expect(attempts).toEqual([
      [0, undefined],
      [1, 'none left'],
      [2, 'none left'],
    ]);
    expect(test.driver.deadLetters.get(group)?.[0]?.properties).toMatchObject({
      KEYS: 'order-1',
      'failure-class': 'OutOfStockError',
      'failure-message': 'none left',
      'failure-group': group,
      'failure-stack': expect.stringContaining('rocketmq.server.outcomes.spec'),
    });
  });

  it('tells the failure hook about every attempt, and which is the last', async () => {
    const told: [number, boolean, unknown][] = [];
    const error = new OutOfStockError('none left');
    test.behave = () => raise(error);
    await test.start();
    test.server.on('failure', (event) => told.push([event.reconsumeTimes, event.lastAttempt, event.error]));
    await test.publish(1);
    expect(told).toEqual([
      [0, false, error],
      [1, false, error],
      [2, true, error],
    ]);
  });

  it('chooses its delay with RetryMessageError', async () => {
    test.behave = (_data, context) => {
      if (context.getReconsumeTimes() === 0) throw new RetryMessageError('not due', { delayMs: 25_000 });
      if (context.getReconsumeTimes() === 1) throw new RetryMessageError('not due', { delayMs: 9e9 });
    };
    await test.start();
    await test.publish(1);
    expect(test.driver.retryLevels).toEqual([4, 18]);
  });

  it('says that a repeat cannot help: then the message goes to the DLQ at once', async () => {
    const handle = jest.fn(() => raise(Object.assign(new Error('no such version'), { deadLetterAtOnce: true })));
    test.behave = handle;
    await test.start();
    await test.publish(1);
    expect(handle).toHaveBeenCalledTimes(1);
    expect(test.driver.deadLetters.get(group)?.[0]?.properties['failure-message']).toBe('no such version');
    expect(test.server.deliveryCounts()).toMatchObject([{ failed: 1, deadLettered: 1 }]);
  });

  it.each([
    ['is not JSON', Buffer.from('garbage')],
    ['is not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['is empty', Buffer.alloc(0)],
    ['is deeper than anybody needs', Buffer.from(`${'['.repeat(30_000)}${']'.repeat(30_000)}`)],
    ['is deep and unfinished', Buffer.from('{"a":'.repeat(500_000))],
  ])('is not called for a body that %s: that goes to the DLQ at once, with its reason', async (_what, body) => {
    const handle = jest.fn();
    test.behave = handle;
    await test.start();
    await test.driver.createProducer().send({ topic: 'orders', body }, undefined);
    await test.driver.settled();
    expect(handle).not.toHaveBeenCalled();
    expect(test.driver.retryLevels).toEqual([-1]);
    expect(test.driver.deadLetters.get(group)?.[0]?.properties['failure-class']).toBe('UnreadablePayloadError');
  });

  it('does not see brackets in a text as levels of JSON', async () => {
    const seen: unknown[] = [];
    test.behave = (data) => seen.push(data);
    await test.start();
    const payload = { text: `"\\${'[{'.repeat(200)}`, list: Array.from({ length: 100 }, () => [[1]]) };
    await test.publish(payload);
    expect(seen).toEqual([payload]);
  });
});

describe('a handler that discards', () => {
  it('is done with the message; the discard is counted and told', async () => {
    const reasons: string[] = [];
    test.behave = () => raise(new DiscardMessageError('order was cancelled before'));
    await test.start();
    test.server.on('discard', (event) => reasons.push(`${event.key}: ${event.reason}`));
    test.server.on('discard', () => raise(new Error('a broken observer changes nothing')));
    await test.publish(1);
    expect(test.server.deliveryCounts()).toMatchObject([{ group, topic: 'orders', done: 0, failed: 0, discarded: 1 }]);
    expect(reasons).toEqual(['order-1: order was cancelled before']);
    expect(test.driver.deadLetters.size).toBe(0);
  });
});

describe('a server with authentication', () => {
  const authentication = {
    keys: [{ id: 'one', secret: 'x'.repeat(32) }],
    sender: 'shop',
    senders: { orders: ['shop'] },
  };

  it('gives a handler what was signed, without headers that somebody added', async () => {
    const seen: unknown[] = [];
    test.behave = (data, context) => seen.push(data, context.getHeaders());
    await test.start(undefined, { authentication });
    const message = { topic: 'orders', payload: { a: '1' }, headers: { 'x-a': 'b', traceparent: '00-1' } };
    await new RocketmqPublisher({ namesrvAddr: '127.0.0.1:9876', authentication }, test.driver).publish(message);
    const [{ properties = {}, ...sent } = { topic: '', body: Buffer.alloc(0) }] = test.driver.sent;
    const added = { ...properties, 'x-added': 'c', 'content-type': 'application/octet-stream' };
    await test.driver.createProducer().send({ ...sent, properties: added }, undefined);
    await test.driver.settled();
    const expected = [{ a: '1' }, { 'x-a': 'b', traceparent: '00-1' }];
    expect(seen).toEqual([...expected, ...expected]);
  });

  it('puts a message that is not signed into the DLQ at once, counted by its reason', async () => {
    const handle = jest.fn();
    const registry = new Registry();
    test.behave = handle;
    await test.start(undefined, { authentication, registry });
    await test.publish({ a: 'forged' });
    expect(handle).not.toHaveBeenCalled();
    expect(test.driver.retryLevels).toEqual([-1]);
    expect(test.driver.deadLetters.get(group)?.[0]?.properties).toMatchObject({
      'failure-class': 'MessageRefusedError',
      'failure-message': expect.stringContaining('MAC_MISSING'),
    });
    expect(test.server.deliveryCounts()).toMatchObject([{ done: 0, failed: 0, refused: { MAC_MISSING: 1 } }]);
    const labels = `group="${group}",topic="orders"`;
    const text = await registry.metrics();
    expect(text).toContain(`message_refused_total{${labels},reason="MAC_MISSING"} 1`);
    expect(text).toContain(`message_deliveries_total{${labels},outcome="refused"} 1`);
  });

  it('counts refused messages of invented topics together', async () => {
    await test.start(undefined, { authentication });
    const { listener, context } = test.driver.listenerOf(group);
    for (let index = 0; index < 100; index += 1)
      await listener([test.driver.arriving({ topic: `invented-${index}`, body: Buffer.from('1') })], context());
    expect(test.server.deliveryCounts()).toMatchObject([{ topic: '(unknown)', refused: { MAC_MISSING: 100 } }]);
  });

  it('says loudly that it accepts unsigned messages for a while, and counts them', async () => {
    const handle = jest.fn();
    test.behave = handle;
    await test.start(undefined, {
      authentication: { ...authentication, acceptUnsignedUntil: new Date(Date.now() + 60_000) },
    });
    await test.publish(1);
    expect(handle).toHaveBeenCalledTimes(1);
    expect(warnings).toContainEqual(expect.stringContaining('MESSAGES WITHOUT A MAC ARE ACCEPTED until'));
    expect(test.server.deliveryCounts()).toMatchObject([{ done: 1, unsigned: 1 }]);
  });
});

describe('exception filters', () => {
  it('pass discard and retry on, also when only the strategy is used', async () => {
    test.behave = (_data, context) =>
      raise(context.getReconsumeTimes() === 0 ? new RetryMessageError('again') : new DiscardMessageError('enough'));
    await test.start(undefined, { withModule: false });
    await test.publish(1);
    expect(test.server.deliveryCounts()[0]).toMatchObject({ failed: 1, discarded: 1 });
  });

  it('are named in a warning when the default one hid a reason', async () => {
    @Controller()
    class WithoutModule {
      @RocketmqEventPattern('orders', { group })
      handle(): void {
        raise(new OutOfStockError('none left'));
      }
    }
    await test.start([WithoutModule], { withModule: false });
    await test.publish(1);
    expect(warnings).toContainEqual(expect.stringContaining('import RocketmqModule'));
    expect(test.driver.deadLetters.get(group)?.[0]?.properties['failure-message']).toContain('Internal server error');
  });

  it('of the class and the method are asked first', async () => {
    @Catch(OutOfStockError)
    class AsDiscard implements ExceptionFilter {
      catch(): Observable<never> {
        return throwError(() => new DiscardMessageError('translated'));
      }
    }
    @Controller()
    @UseFilters(new AsDiscard())
    class Filtered {
      @RocketmqEventPattern('orders', { group })
      handle(): void {
        raise(new OutOfStockError('none left'));
      }
    }
    await test.start([Filtered]);
    await test.publish(1);
    expect(test.server.deliveryCounts()[0]).toMatchObject({ failed: 0, discarded: 1 });
  });
});

function raise(error: Error): never {
  throw error;
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
