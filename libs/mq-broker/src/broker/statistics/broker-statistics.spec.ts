import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../testing/manual-clock.js';
import { BrokerStatistics } from './broker-statistics.js';

describe('the broker statistics', () => {
  it('tell rates over 10 s, 60 s and 600 s in RocketMQ form', () => {
    const clock = new ManualClock();
    const statistics = new BrokerStatistics(clock);
    statistics.start();
    statistics.countPut('orders', 100);
    clock.advance(10_000);
    expect(statistics.putTps()).toBe('10 10 10');
    clock.advance(10_000);
    expect(statistics.putTps()).toBe('0 5 5');
    expect(statistics.topicPutTps('orders')).toBe(5);
    expect(statistics.topicPutTps('unknown')).toBe(0);
    expect(statistics.putTotal).toBe(100);
    statistics.stop();
    expect(clock.timers).toBe(0);
  });

  it('mark the totals at midnight', () => {
    const clock = new ManualClock();
    const statistics = new BrokerStatistics(clock);
    statistics.start();
    statistics.countGet('g', 'orders', 7, 700);
    clock.advance(86_400_000);
    statistics.countGet('g', 'orders', 1, 100);
    expect(statistics.getsToday()).toEqual({ yesterdayMorning: 0, todayMorning: 7, now: 8 });
    statistics.stop();
  });
});
