import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { DiscardMessageError, RetryMessageError, RocketmqEventPattern } from '@rocketshop/mq-nest';
import type { DiscardEvent, FailureReason } from '@rocketshop/mq-nest';
import type { RocketmqContext } from '@rocketshop/mq-nest';
import { until } from '@rocketshop/shop-testkit';
import { NestApps } from './nest-apps.js';
import type { RunningApp } from './nest-apps.js';

class CouponIsGoneError extends Error {}

interface Attempt {
  readonly reconsumeTimes: number;
  readonly topic: string;
  readonly key: string | undefined;
  readonly payload: unknown;
  readonly lastFailure: FailureReason | undefined;
}

const attempts: Attempt[] = [];
let behave: (context: RocketmqContext) => void = () => undefined;

@Controller()
class CouponConsumer {
  @RocketmqEventPattern('coupon-used', { group: 'coupon' })
  handle(@Payload() payload: unknown, @Ctx() context: RocketmqContext): void {
    attempts.push({
      reconsumeTimes: context.getReconsumeTimes(),
      topic: context.getTopic(),
      key: context.getKey(),
      payload,
      lastFailure: context.getLastFailure(),
    });
    behave(context);
  }
}

let shop: NestApps;
let coupon: RunningApp;
const discarded: DiscardEvent[] = [];

beforeAll(async () => {
  shop = await NestApps.start();
  coupon = await shop.boot([CouponConsumer], { maxReconsumeTimes: 2, onDiscard: (event) => discarded.push(event) });
});
afterAll(() => shop.close());
beforeEach(() => {
  attempts.length = 0;
});

const publish = (payload: unknown) => coupon.publisher.publish({ topic: 'coupon-used', key: 'order-1', payload });

describe('a handler that', () => {
  it('returns is done with the message', async () => {
    behave = () => undefined;
    await publish({ amount: '1250' });
    await until(() => attempts.length === 1);
    await until(() => coupon.server.deliveryCounts()[0]?.done === 1);
    expect(attempts).toEqual([
      { reconsumeTimes: 0, topic: 'coupon-used', key: 'order-1', payload: { amount: '1250' }, lastFailure: undefined },
    ]);
  });

  it('throws gets the message again with the reason; after the last redelivery the DLQ has it with the reason', async () => {
    behave = () => {
      throw new CouponIsGoneError('coupon is not there');
    };
    await publish({ amount: '7' });
    const [deadLetter] = await until(async () => {
      const found = await shop.deadLetters('coupon');
      return found.length > 0 && found;
    });
    expect(
      attempts.map(({ reconsumeTimes, topic, lastFailure }) => [reconsumeTimes, topic, lastFailure?.errorClass]),
    ).toEqual([
      [0, 'coupon-used', undefined],
      [1, 'coupon-used', 'CouponIsGoneError'],
      [2, 'coupon-used', 'CouponIsGoneError'],
    ]);
    expect(deadLetter).toMatchObject({
      KEYS: 'order-1',
      RETRY_TOPIC: 'coupon-used',
      'failure-class': 'CouponIsGoneError',
      'failure-message': 'coupon is not there',
      'failure-group': 'coupon',
      'failure-stack': expect.stringContaining('outcomes.e2e'),
    });
  });

  it('asks for a delay gets the message after the delay, not earlier', async () => {
    const delayMs = 300;
    const arrivals: number[] = [];
    behave = () => {
      arrivals.push(Date.now());
      if (arrivals.length === 1) throw new RetryMessageError('not due', { delayMs });
    };
    await publish('timer');
    await until(() => arrivals.length === 2);
    expect((arrivals[1] ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThanOrEqual(delayMs);
  });

  it('discards is done with the message; the discard is recorded', async () => {
    behave = () => {
      throw new DiscardMessageError('the order was cancelled before');
    };
    await publish('late');
    await until(() => discarded.length === 1);
    expect(discarded[0]).toMatchObject({ group: 'coupon', key: 'order-1', reason: 'the order was cancelled before' });
    expect(coupon.server.deliveryCounts()[0]?.discarded).toBe(1);
  });
});

it('a message whose body is not JSON does not reach the handler; the DLQ has it with the reason', async () => {
  const before = (await shop.deadLetters('coupon')).length;
  const text = Buffer.from('{"amount":');
  await coupon.publisher.publish({
    topic: 'coupon-used',
    payload: text,
    headers: { 'content-type': 'application/json' },
  });
  const found = await until(async () => {
    const deadLetters = await shop.deadLetters('coupon');
    return deadLetters.length > before && deadLetters;
  });
  expect(attempts).toEqual([]);
  expect(found.at(-1)).toMatchObject({ 'failure-class': 'UnreadablePayloadError' });
});
