import { describe, expect, it } from '@jest/globals';
import type { TopicRouteData } from '@rocketshop/mq-protocol';
import { parseTemplateRoute, parseTopicRoute } from './topic-route.js';

const broker = (brokerName: string, addresses: Record<number, string>) => ({
  cluster: 'c',
  brokerName,
  brokerAddrs: new Map(Object.entries(addresses).map(([id, address]) => [Number(id), address])),
  enableActingMaster: false,
});
const queues = (brokerName: string, readQueueNums: number, writeQueueNums: number, perm = 6) => ({
  brokerName,
  readQueueNums,
  writeQueueNums,
  perm,
  topicSysFlag: 0,
});
const ids = (list: readonly { brokerName: string; queueId: number }[]): string[] =>
  list.map((queue) => `${queue.brokerName}${queue.queueId}`);

describe('parseTopicRoute', () => {
  const data: TopicRouteData = {
    brokerDatas: [broker('b', { 0: '10.0.0.2:10911' }), broker('a', { 0: '10.0.0.1:10911', 1: '10.0.0.3:10911' })],
    queueDatas: [queues('b', 2, 1), queues('a', 1, 2)],
  };

  it('lists queues sorted by broker name, and writable and readable ones separately', () => {
    const route = parseTopicRoute('T', data);
    expect(ids(route.publishQueues)).toEqual(['a0', 'a1', 'b0']);
    expect(ids(route.subscribeQueues)).toEqual(['a0', 'b0', 'b1']);
    expect(route.brokers.get('a')?.get(1)).toBe('10.0.0.3:10911');
  });

  it('sends only to brokers with a master, and reads from a broker that has only a slave', () => {
    const slaveOnly = parseTopicRoute('T', {
      brokerDatas: [broker('a', { 1: 'x:1' })],
      queueDatas: [queues('a', 2, 2)],
    });
    expect(slaveOnly.publishQueues).toEqual([]);
    expect(ids(slaveOnly.subscribeQueues)).toEqual(['a0', 'a1']);
  });

  it('respects permissions', () => {
    const readOnly = parseTopicRoute('T', { ...data, queueDatas: [queues('a', 1, 1, 4), queues('b', 1, 1, 2)] });
    expect([ids(readOnly.publishQueues), ids(readOnly.subscribeQueues)]).toEqual([['b0'], ['a0']]);
  });

  it('keeps the fixed queues of an order topic, also while a broker is away', () => {
    const ordered = parseTopicRoute('T', { ...data, orderTopicConf: 'a:1;gone:2' });
    expect(ids(ordered.publishQueues)).toEqual(['a0', 'gone0', 'gone1']);
  });

  it('tells a changed route from one in another order', () => {
    const reversed = { ...data, brokerDatas: data.brokerDatas.toReversed(), queueDatas: data.queueDatas.toReversed() };
    expect(parseTopicRoute('T', reversed).fingerprint).toBe(parseTopicRoute('T', data).fingerprint);
    const moved = { ...data, brokerDatas: [broker('b', { 0: '10.0.0.9:10911' })] };
    expect(parseTopicRoute('T', moved).fingerprint).not.toBe(parseTopicRoute('T', data).fingerprint);
  });

  it('limits a number of queues that no topic can have', () => {
    const absurd = parseTopicRoute('T', { ...data, queueDatas: [queues('a', 2e9, -5)] });
    expect([absurd.subscribeQueues.length, absurd.publishQueues.length]).toEqual([65_536, 0]);
  });
});

describe('parseTemplateRoute', () => {
  it('gives a new topic the brokers of the template, with at most the wanted number of queues', () => {
    const template = { brokerDatas: [broker('a', { 0: 'x:1' })], queueDatas: [queues('a', 8, 8, 7)] };
    const route = parseTemplateRoute('New', template, 4);
    expect(route.publishQueues.map((queue) => `${queue.topic} ${queue.queueId}`)).toEqual([
      'New 0',
      'New 1',
      'New 2',
      'New 3',
    ]);
    expect([route.subscribeQueues, route.fromTemplate]).toEqual([[], true]);
  });
});
