import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Catch, Controller, Logger, UseFilters } from '@nestjs/common';
import type { ExceptionFilter } from '@nestjs/common';
import { EMPTY, from, of, throwError } from 'rxjs';
import type { Observable } from 'rxjs';
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
    expect(test.server.deliveryCounts()).toEqual([{ group, topic: 'orders', done: 1, failed: 0, discarded: 0 }]);
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

  it('is not called for a body that is not JSON: that goes to the DLQ with its reason', async () => {
    const handle = jest.fn();
    test.behave = handle;
    await test.start(undefined, { maxReconsumeTimes: 1 });
    await test.driver.createProducer().send({ topic: 'orders', body: Buffer.from('garbage') }, undefined);
    await test.driver.settled();
    expect(handle).not.toHaveBeenCalled();
    expect(test.driver.deadLetters.get(group)?.[0]?.properties['failure-class']).toBe('UnreadablePayloadError');
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
    expect(test.server.deliveryCounts()).toEqual([{ group, topic: 'orders', done: 0, failed: 0, discarded: 1 }]);
    expect(reasons).toEqual(['order-1: order was cancelled before']);
    expect(test.driver.deadLetters.size).toBe(0);
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
