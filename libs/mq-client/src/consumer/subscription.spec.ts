import { describe, expect, it } from '@jest/globals';
import type { MessageExt } from '@rocketshop/mq-protocol';
import { parseSubscription, tagFilter } from './subscription.js';

const tagged = (tag?: string): MessageExt =>
  ({ properties: tag === undefined ? {} : { TAGS: tag } }) as unknown as MessageExt;

describe('parseSubscription', () => {
  it('reads tags joined by ||', () => {
    expect(parseSubscription('T', ' TagA || TagB||TagA ', 5)).toMatchObject({
      topic: 'T',
      subString: 'TagA||TagB',
      tagsSet: ['TagA', 'TagB'],
      codeSet: [2_598_919, 2_598_920],
      subVersion: 5,
    });
  });

  it('reads "*" and an empty expression as all messages', () => {
    for (const expression of ['*', '', ' * ']) {
      expect(parseSubscription('T', expression)).toMatchObject({ subString: '*', tagsSet: [], codeSet: [] });
    }
  });

  it('refuses an expression without a tag', () => {
    expect(() => parseSubscription('T', '||')).toThrow('names no tag');
  });
});

describe('tagFilter', () => {
  it('accepts only the named tags, and messages without a tag only for "*"', () => {
    const some = tagFilter(parseSubscription('T', 'TagA||TagB'));
    expect([tagged('TagA'), tagged('TagC'), tagged()].map(some)).toEqual([true, false, false]);
    const all = tagFilter(parseSubscription('T', '*'));
    expect([tagged('TagA'), tagged()].map(all)).toEqual([true, true]);
  });
});
