import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Logger } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { of } from 'rxjs';
import { MessagingConfigurationError } from './errors.js';
import type { RocketmqContext } from './rocketmq.context.js';
import { RocketmqEventPattern } from './rocketmq-event-pattern.decorator.js';
import { ServerUnderTest } from './testing/server-under-test.js';
import { currentTraceHeaders } from './trace-context.js';

const { group } = ServerUnderTest;

let test: ServerUnderTest;

beforeEach(() => {
  test = new ServerUnderTest();
  jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
});

afterEach(async () => {
  await test.close();
  jest.restoreAllMocks();
});

describe('processing hooks', () => {
  it('run once around each delivery, in success and failure', async () => {
    const steps: string[] = [];
    test.behave = (_data, context) => {
      steps.push('handle');
      if (context.getReconsumeTimes() === 0) throw new Error('first');
      return of(1);
    };
    await test.start();
    test.server.setOnProcessingStartHook((_transport, context, done) => {
      steps.push(`start ${(context as RocketmqContext).getTopic()}`);
      void done();
    });
    test.server.setOnProcessingEndHook(() => steps.push('end'));
    await test.publish(1);
    expect(steps).toEqual(['start orders', 'handle', 'end', 'start orders', 'handle', 'end']);
  });

  it('put a delivery into the trace of its message, until the application replaces them', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const seen: unknown[] = [];
    test.behave = () => void seen.push(currentTraceHeaders());
    await test.start();
    await test.publisher.publish({ topic: 'orders', payload: 1, headers: { traceparent } });
    await test.driver.settled();
    test.server.setOnProcessingStartHook((_transport, _context, done) => void done());
    await test.publisher.publish({ topic: 'orders', payload: 2, headers: { traceparent } });
    await test.driver.settled();
    expect(seen).toEqual([{ traceparent }, {}]);
  });

  it('fail the delivery when they fail', async () => {
    test.behave = () => undefined;
    await test.start(undefined, { maxReconsumeTimes: 0 });
    test.server.setOnProcessingStartHook(() => raise(new Error('no span')));
    await test.publish(1);
    expect(test.driver.deadLetters.get(group)?.[0]?.properties['failure-message']).toBe('no span');
  });
});

describe('the start', () => {
  it('subscribes one consumer per group to all its topics', async () => {
    @Controller()
    class Many {
      @RocketmqEventPattern('orders', { group, tag: 'created' })
      created(): void {
        return undefined;
      }

      @RocketmqEventPattern('orders', { group, tag: 'cancelled' })
      cancelled(): void {
        return undefined;
      }

      @RocketmqEventPattern('payments', { group })
      payments(): void {
        return undefined;
      }

      @RocketmqEventPattern('orders', { group: 'mail' })
      mail(): void {
        return undefined;
      }

      @MessagePattern('stock.quote')
      quote(): void {
        return undefined;
      }
    }
    await test.start([Many]);
    expect(test.driver.subscriptionsOf(group)).toEqual({ orders: 'cancelled || created', payments: '*' });
    expect(test.driver.subscriptionsOf('mail')).toEqual({ orders: '*' });
    expect([...test.server.unwrap<Map<string, unknown>>().keys()]).toEqual(['mail', group]);
  });

  it('fails with every problem at once', async () => {
    @Controller()
    class Wrong {
      @RocketmqEventPattern('orders', { group })
      one(): void {
        return undefined;
      }

      @RocketmqEventPattern('orders', { group })
      two(): void {
        return undefined;
      }

      @RocketmqEventPattern('payments')
      three(): void {
        return undefined;
      }
    }
    const failure: unknown = await test.start([Wrong]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MessagingConfigurationError);
    expect((failure as MessagingConfigurationError).problems).toHaveLength(2);
    expect(String(failure)).toContain("two handlers for topic 'orders' in group stock");
  });
});

describe('close', () => {
  it('waits for running handlers and starts no new delivery', async () => {
    const { promise: gate, resolve: open } = withResolvers();
    test.behave = () => gate;
    await test.start();
    const statuses: string[] = [];
    test.server.status.subscribe((status) => statuses.push(status));
    await test.publisher.publish({ topic: 'orders', payload: 1 });
    let closed = false;
    const closing = test.close().then(() => (closed = true));
    await new Promise(setImmediate);
    await test.publisher.publish({ topic: 'orders', payload: 2 });
    expect(closed).toBe(false);
    expect(test.server.statusNow()).toBe('draining');
    open();
    await closing;
    expect(test.server.deliveryCounts()[0]?.done).toBe(1);
    expect(statuses).toEqual(['connected', 'draining', 'closed']);
  });
});

describe('a server that is told to close while it connects', () => {
  it('leaves no consumer behind', async () => {
    const createConsumer = test.driver.createConsumer.bind(test.driver);
    let connected: () => void = () => undefined;
    const nameServerAnswers = new Promise<void>((resolve) => {
      connected = resolve;
    });
    jest.spyOn(test.driver, 'createConsumer').mockImplementation((options) => {
      const consumer = createConsumer(options);
      return {
        ...consumer,
        start: async () => {
          await nameServerAnswers;
          await consumer.start();
        },
      };
    });
    const starting = test.start();
    while (!test.isConnecting) await new Promise((resolve) => setImmediate(resolve));
    const closing = test.server.close();
    connected();
    await Promise.all([closing, starting]);
    expect(test.server.statusNow()).toBe('closed');
    expect(test.driver.subscriptionsOf(group)).toEqual({});
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
