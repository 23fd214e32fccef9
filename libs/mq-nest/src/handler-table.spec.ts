import { beforeEach, describe, expect, it } from '@jest/globals';
import type { MessageHandler } from '@nestjs/microservices';
import { HandlerTable } from './handler-table.js';

const handler = (): MessageHandler => (() => Promise.resolve()) as MessageHandler;

describe('the handler table', () => {
  let table: HandlerTable;
  beforeEach(() => {
    table = new HandlerTable(undefined);
  });

  it('finds a handler by group, topic and tag; messages of other tags go to the handler without a tag', () => {
    const [created, rest, other] = [handler(), handler(), handler()];
    table.add('orders', created, { group: 'stock', tag: 'created' });
    table.add('orders', rest, { group: 'stock' });
    table.add('orders', other, { group: 'mail' });
    expect(table.problems).toEqual([]);
    expect(table.find('stock', 'orders', 'created')).toBe(created);
    expect(table.find('stock', 'orders', 'paid')).toBe(rest);
    expect(table.find('stock', 'orders', undefined)).toBe(rest);
    expect(table.find('mail', 'orders', 'created')).toBe(other);
    expect(table.find('stock', 'payments', 'created')).toBeUndefined();
  });

  it('subscribes with the same expression, in whatever order the handlers are added', () => {
    const add = (into: HandlerTable, entries: [string, string | undefined][]): HandlerTable => {
      for (const [topic, tag] of entries)
        into.add(topic, handler(), tag === undefined ? { group: 'g' } : { group: 'g', tag });
      return into;
    };
    const entries: [string, string | undefined][] = [
      ['payments', undefined],
      ['orders', 'paid'],
      ['orders', 'created||closed'],
    ];
    const expected = [
      { topic: 'orders', expression: 'closed || created || paid' },
      { topic: 'payments', expression: '*' },
    ];
    expect(add(table, entries).subscriptions('g')).toEqual(expected);
    expect(add(new HandlerTable(undefined), entries.reverse()).subscriptions('g')).toEqual(expected);
  });

  it('subscribes to all tags when one handler has no tag', () => {
    table.add('orders', handler(), { group: 'g', tag: 'paid' });
    table.add('orders', handler(), { group: 'g' });
    expect(table.subscriptions('g')).toEqual([{ topic: 'orders', expression: '*' }]);
  });

  it('uses the default group for a handler that names none', () => {
    const withDefault = new HandlerTable('shop');
    withDefault.add('orders', handler(), {});
    expect(withDefault.groupNames()).toEqual(['shop']);
  });

  it.each<[string, unknown, { group?: string; tag?: string }, string]>([
    ['a pattern that is no topic', { cmd: 'sum' }, { group: 'g' }, 'the pattern must be a topic name'],
    ['no group at all', 'orders', {}, 'names no group and the server has none'],
    ['a bad group', 'orders', { group: 'a b' }, 'is not a group name'],
    ['an empty tag', 'orders', { group: 'g', tag: 'a || ' }, 'has an empty part'],
  ])('reports %s', (_what, pattern, extras, problem) => {
    table.add(pattern, handler(), extras);
    expect(table.problems).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    [undefined, undefined],
    ['paid', 'paid'],
    ['paid', 'created || paid'],
  ])('reports two handlers for the same messages of one group: %p and %p', (first, second) => {
    const extras = (tag: string | undefined) => (tag === undefined ? { group: 'g' } : { group: 'g', tag });
    table.add('orders', handler(), extras(first));
    table.add('orders', handler(), extras(second));
    expect(table.problems).toEqual([expect.stringContaining("two handlers for topic 'orders'")]);
  });
});
