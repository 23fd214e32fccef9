import { describe, expect, it } from '@jest/globals';
import { newSubscriptionGroupConfig, subscriptionGroupTableBody, topicConfigTableBody } from '@rocketshop/mq-protocol';
import { checkGroupTable, checkTopicTable, parseDelayOffsets } from './table-checks.js';
import { createTopicConfig } from './topics/topic-config.js';

const dataVersion = { counter: 1, stateVersion: 0, timestamp: 0 };
const topics = topicConfigTableBody
  .encode({ dataVersion, topicConfigTable: new Map([['T', createTopicConfig('T', 4)]]) })
  .toString();
const groups = subscriptionGroupTableBody
  .encode({ dataVersion, subscriptionGroupTable: new Map([['g', newSubscriptionGroupConfig('g')]]) })
  .toString();
const delays = '{"offsetTable":{1:10,3:7}}';

const TABLES = [
  {
    name: 'topics.json',
    check: checkTopicTable,
    good: topics,
    member: 'topicConfigTable',
    number: /"readQueueNums":4/,
  },
  {
    name: 'subscriptionGroup.json',
    check: checkGroupTable,
    good: groups,
    member: 'subscriptionGroupTable',
    number: /"retryQueueNums":1/,
  },
  { name: 'delayOffset.json', check: parseDelayOffsets, good: delays, member: 'offsetTable', number: /1:10/ },
];

describe.each(TABLES)('a file as $name', ({ check, good, member, number }) => {
  it('is taken when it is one, also without what RocketMQ may leave out', () => {
    expect(() => check(good)).not.toThrow();
    expect(() => check(`{"${member}":{}}`)).not.toThrow();
  });

  it.each(['', '7', '[]', 'null', '"text"', '{}', `{"${member}":null}`, `{"${member}":[]}`, `{"${member}":{"1":[]}}`])(
    'is refused as %s',
    (text) => {
      expect(() => check(text)).toThrow(Error);
    },
  );

  it.each(['"x"', '1.5', '-1.5', '{}', '[]', '1e300'])('is refused with %s for a number', (value) => {
    const broken = good.replace(number, (found) => `${found.slice(0, found.indexOf(':') + 1)}${value}`);
    expect(broken).not.toBe(good);
    expect(() => check(broken)).toThrow(Error);
  });
});
