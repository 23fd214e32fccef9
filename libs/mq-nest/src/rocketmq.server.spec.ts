import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  Catch,
  Controller,
  Logger,
  Module,
  UseFilters,
  type ExceptionFilter,
  type INestMicroservice,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { EMPTY, from, of, throwError, type Observable } from 'rxjs';
import { MessagingConfigurationError } from './errors.js';
import { DiscardMessageError, RetryMessageError } from './outcome.js';
import { RocketmqContext } from './rocketmq.context.js';
import { RocketmqModule } from './rocketmq.module.js';
import { RocketmqPublisher } from './rocketmq.publisher.js';
import { RocketmqEventPattern } from './rocketmq-event-pattern.decorator.js';
import { RocketmqServer } from './rocketmq.server.js';
import { InMemoryDriver } from './testing/index.js';
import { currentTraceHeaders } from './trace-context.js';

const namesrvAddr = '127.0.0.1:9876';
const group = 'stock';

class OutOfStockError extends Error {}

/** What a test's handler does; set by each test. */
let behave: (data: unknown, context: RocketmqContext) => unknown;

@Controller()
class OrderController {
  @RocketmqEventPattern('orders', { group })
  handle(@Payload() data: unknown, @Ctx() context: RocketmqContext): unknown {
    return behave(data, context);
  }
}

let warnings: string[];
let driver: InMemoryDriver;
let server: RocketmqServer;
let publisher: RocketmqPublisher;
let app: INestMicroservice;

async function start(
  controllers: Type[],
  options: { maxReconsumeTimes?: number } = {},
  withModule = true,
): Promise<void> {
  const imports = withModule ? [RocketmqModule.forRoot({ namesrvAddr })] : [];
  @Module({ imports, controllers })
  class AppModule {}
  server = new RocketmqServer({ namesrvAddr, maxReconsumeTimes: 2, ...options }, driver);
  app = await NestFactory.createMicroservice(AppModule, { strategy: server, logger: false });
  await app.listen();
}

const publish = async (payload: unknown): Promise<void> => {
  await publisher.publish({ topic: 'orders', key: 'order-1', payload });
  await driver.settled();
};

beforeEach(() => {
  driver = new InMemoryDriver();
  publisher = new RocketmqPublisher({ namesrvAddr }, driver);
  warnings = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((warning: string) => void warnings.push(warning));
  jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
});

afterEach(async () => {
  await app.close();
  jest.restoreAllMocks();
});

describe('a handler that returns', () => {
  it.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['a promise', () => Promise.resolve('x')],
    ['an observable', () => of(1, 2)],
    ['an observable without a value', () => EMPTY],
  ])('is done with the message: %s', async (_what, result) => {
    behave = result;
    await start([OrderController]);
    await publish({ orderId: '1' });
    expect(server.deliveryCounts()).toEqual([{ group, topic: 'orders', done: 1, failed: 0, discarded: 0 }]);
    expect(driver.deadLetters.size).toBe(0);
  });

  it('is awaited to its end, streams too', async () => {
    const { promise: gate, resolve: open } = withResolvers();
    behave = () => from(gate);
    await start([OrderController]);
    await publisher.publish({ topic: 'orders', payload: 1 });
    expect(server.deliveryCounts()[0]?.done ?? 0).toBe(0);
    open();
    await driver.settled();
    expect(server.deliveryCounts()[0]?.done).toBe(1);
  });

  it('sees payload and context', async () => {
    const seen: unknown[] = [];
    behave = (data, context) => {
      seen.push(data, context.getTopic(), context.getTag(), context.getKey(), context.getGroup(), context.getHeaders());
      seen.push(context.getReconsumeTimes(), context.getLastFailure());
    };
    await start([OrderController]);
    await publisher.publish({ topic: 'orders', tag: 'paid', key: 'k', payload: { a: '1' }, headers: { 'x-a': 'b' } });
    await driver.settled();
    expect(seen).toEqual([{ a: '1' }, 'orders', 'paid', 'k', group, { 'x-a': 'b' }, 0, undefined]);
  });
});

describe('a handler that throws', () => {
  it.each<[string, () => unknown]>([
    ['at once', () => raise(new OutOfStockError('none left'))],
    ['later', () => Promise.reject(new OutOfStockError('none left'))],
    ['in its stream', () => throwError(() => new OutOfStockError('none left'))],
  ])('gets the message again and then it lies in the DLQ with class, message and stack: %s', async (_when, fail) => {
    const attempts: [number, string | undefined][] = [];
    behave = (_data, context) => {
      attempts.push([context.getReconsumeTimes(), context.getLastFailure()?.message]);
      return fail();
    };
    await start([OrderController]);
    await publish({ orderId: '1' });
    expect(attempts).toEqual([
      [0, undefined],
      [1, 'none left'],
      [2, 'none left'],
    ]);
    expect(driver.deadLetters.get(group)?.[0]?.properties).toMatchObject({
      KEYS: 'order-1',
      'failure-class': 'OutOfStockError',
      'failure-message': 'none left',
      'failure-group': group,
      'failure-stack': expect.stringContaining('rocketmq.server.spec'),
    });
  });

  it('tells the failure hook about every attempt and which is the last', async () => {
    const told: [number, boolean, unknown][] = [];
    const error = new OutOfStockError('none left');
    behave = () => raise(error);
    await start([OrderController]);
    server.on('failure', (event) => told.push([event.reconsumeTimes, event.lastAttempt, event.error]));
    await publish(1);
    expect(told).toEqual([
      [0, false, error],
      [1, false, error],
      [2, true, error],
    ]);
  });

  it('chooses its delay with RetryMessageError', async () => {
    behave = (_data, context) => {
      if (context.getReconsumeTimes() === 0) throw new RetryMessageError('not due', { delayMs: 25_000 });
      if (context.getReconsumeTimes() === 1) throw new RetryMessageError('not due', { delayMs: 9e9 });
    };
    await start([OrderController]);
    await publish(1);
    expect(driver.retryLevels).toEqual([4, 18]);
  });

  it('is not called for a body that is not JSON: that goes to the DLQ with its reason', async () => {
    const handle = jest.fn();
    behave = handle;
    await start([OrderController], { maxReconsumeTimes: 1 });
    await driver.createProducer().send({ topic: 'orders', body: Buffer.from('garbage') }, undefined);
    await driver.settled();
    expect(handle).not.toHaveBeenCalled();
    expect(driver.deadLetters.get(group)?.[0]?.properties['failure-class']).toBe('UnreadablePayloadError');
  });
});

describe('a handler that discards', () => {
  it('is done with the message, and it is counted and told', async () => {
    const reasons: string[] = [];
    behave = () => raise(new DiscardMessageError('order was cancelled before'));
    await start([OrderController]);
    server.on('discard', (event) => reasons.push(`${event.key}: ${event.reason}`));
    server.on('discard', () => raise(new Error('a broken observer changes nothing')));
    await publish(1);
    expect(server.deliveryCounts()).toEqual([{ group, topic: 'orders', done: 0, failed: 0, discarded: 1 }]);
    expect(reasons).toEqual(['order-1: order was cancelled before']);
    expect(driver.deadLetters.size).toBe(0);
  });
});

describe('exception filters', () => {
  it('let discard and retry through even where only the strategy is used', async () => {
    behave = (_data, context) =>
      raise(context.getReconsumeTimes() === 0 ? new RetryMessageError('again') : new DiscardMessageError('enough'));
    await start([OrderController], {}, false);
    await publish(1);
    expect(server.deliveryCounts()[0]).toMatchObject({ failed: 1, discarded: 1 });
  });

  it('are named in a warning where the default one hid a reason', async () => {
    @Controller()
    class WithoutModule {
      @RocketmqEventPattern('orders', { group })
      handle(): void {
        raise(new OutOfStockError('none left'));
      }
    }
    await start([WithoutModule], {}, false);
    await publish(1);
    expect(warnings).toContainEqual(expect.stringContaining('import RocketmqModule'));
    expect(driver.deadLetters.get(group)?.[0]?.properties['failure-message']).toContain('Internal server error');
  });

  it('of the class and the method keep the first word', async () => {
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
    await start([Filtered]);
    await publish(1);
    expect(server.deliveryCounts()[0]).toMatchObject({ failed: 0, discarded: 1 });
  });
});

describe('processing hooks', () => {
  it('stand around each delivery, in success and failure, once', async () => {
    const steps: string[] = [];
    behave = (_data, context) => {
      steps.push('handle');
      if (context.getReconsumeTimes() === 0) throw new Error('first');
      return of(1);
    };
    await start([OrderController]);
    server.setOnProcessingStartHook((_transport, context, done) => {
      steps.push(`start ${(context as RocketmqContext).getTopic()}`);
      void done();
    });
    server.setOnProcessingEndHook(() => steps.push('end'));
    await publish(1);
    expect(steps).toEqual(['start orders', 'handle', 'end', 'start orders', 'handle', 'end']);
  });

  it('put a delivery into the trace of its message, until the application replaces them', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const seen: unknown[] = [];
    behave = () => void seen.push(currentTraceHeaders());
    await start([OrderController]);
    await publisher.publish({ topic: 'orders', payload: 1, headers: { traceparent } });
    await driver.settled();
    server.setOnProcessingStartHook((_transport, _context, done) => void done());
    await publisher.publish({ topic: 'orders', payload: 2, headers: { traceparent } });
    await driver.settled();
    expect(seen).toEqual([{ traceparent }, {}]);
  });

  it('that fail are failures of the delivery', async () => {
    behave = () => undefined;
    await start([OrderController], { maxReconsumeTimes: 0 });
    server.setOnProcessingStartHook(() => raise(new Error('no span')));
    await publish(1);
    expect(driver.deadLetters.get(group)?.[0]?.properties['failure-message']).toBe('no span');
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
    await start([Many]);
    expect(driver.subscriptionsOf(group)).toEqual({ orders: 'cancelled || created', payments: '*' });
    expect(driver.subscriptionsOf('mail')).toEqual({ orders: '*' });
    expect([...server.unwrap<Map<string, unknown>>().keys()]).toEqual(['mail', group]);
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
    const failure: unknown = await start([Wrong]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MessagingConfigurationError);
    expect((failure as MessagingConfigurationError).problems).toHaveLength(2);
    expect(String(failure)).toContain("two handlers for topic 'orders' in group stock");
  });
});

describe('close', () => {
  it('waits for running handlers and takes no new message', async () => {
    const { promise: gate, resolve: open } = withResolvers();
    behave = () => gate;
    await start([OrderController]);
    const statuses: string[] = [];
    server.status.subscribe((status) => statuses.push(status));
    await publisher.publish({ topic: 'orders', payload: 1 });
    let closed = false;
    const closing = app.close().then(() => (closed = true));
    await new Promise(setImmediate);
    await publisher.publish({ topic: 'orders', payload: 2 });
    expect(closed).toBe(false);
    expect(server.statusNow()).toBe('draining');
    open();
    await closing;
    expect(server.deliveryCounts()[0]?.done).toBe(1);
    expect(statuses).toEqual(['connected', 'draining', 'closed']);
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

describe('a server that is told to close while it connects', () => {
  it('leaves no consumer behind', async () => {
    const createConsumer = driver.createConsumer.bind(driver);
    let connected: () => void = () => undefined;
    const nameServerAnswers = new Promise<void>((resolve) => {
      connected = resolve;
    });
    jest.spyOn(driver, 'createConsumer').mockImplementation((settings) => {
      const consumer = createConsumer(settings);
      return {
        ...consumer,
        start: async (listener) => {
          await nameServerAnswers;
          await consumer.start(listener);
        },
      };
    });
    const starting = start([OrderController]);
    while (server?.statusNow() !== 'connecting') await new Promise((resolve) => setImmediate(resolve));
    const closing = server.close();
    connected();
    await Promise.all([closing, starting]);
    expect(server.statusNow()).toBe('closed');
    expect(driver.subscriptionsOf(group)).toEqual({});
  });
});
