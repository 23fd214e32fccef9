import { describe, expect, it } from '@jest/globals';
import type { ReceivedEvent } from './clients/client-events.js';
import { bodyOf, checksum } from './kinds.js';
import { adminCommands } from './mqadmin-commands.js';
import { formatTable, judge } from './report.js';

const received = (id: string, change: Partial<ReceivedEvent> = {}): ReceivedEvent => ({
  event: 'received',
  id,
  crc: checksum(bodyOf(id)),
  intact: true,
  queue: 'topic:0',
  ageMs: 1,
  ...change,
});

const ids = ['sync-0', 'sync-1', 'sync-2'];

describe('the judge of a compatibility run', () => {
  it('is content with everything once', () => {
    const verdict = judge(
      ids,
      ids.map((id) => received(id)),
    );
    expect(verdict).toEqual({ received: 3, lost: 0, twice: 0, problems: [] });
  });

  it('counts what was lost and what came twice', () => {
    const verdict = judge(ids, [received('sync-0'), received('sync-0'), received('sync-1')]);
    expect(verdict).toMatchObject({ received: 2, lost: 1, twice: 1 });
  });

  it.each([
    ['a changed body', received('sync-1', { crc: 1 }), '1 not as sent, first sync-1'],
    ['a changed property', received('sync-1', { intact: false }), '1 not as sent, first sync-1'],
    ['a message the filter should have kept back', received('unwanted-4'), '1 not asked for, first unwanted-4'],
  ])('finds %s', (_what, event, problem) => {
    expect(judge(ids, [received('sync-0'), event, received('sync-2')]).problems).toEqual([problem]);
  });

  it('says FAIL in the table', () => {
    const table = formatTable([{ client: 'java', kind: 'sync', sent: 3, lost: 1, seconds: 1, ok: false, note: 'why' }]);
    expect(table.split('\n')[1]).toMatch(/^java +sync +3 +- +1 +- +1.0 +FAIL +why$/);
  });

  it('tells a long reason below the table', () => {
    const table = formatTable([
      { client: 'java', kind: 'sync', seconds: 1, ok: false, note: 'ended with 1\nat line 2' },
    ]);
    expect(table.split('\n').slice(1)).toEqual([
      expect.stringMatching(/FAIL +ended with 1$/),
      '',
      'java, sync: ended with 1',
      'at line 2',
    ]);
  });
});

describe('the reading of what mqadmin prints', () => {
  const scene = {
    name: 'scene',
    namesrvAddr: '127.0.0.1:1',
    brokerAddr: '127.0.0.1:2',
    topic: 'orders',
    group: 'consumers',
    producerGroup: 'producers',
    messages: 100,
  };
  const check = (name: string, output: string): string | undefined =>
    adminCommands(scene)
      .find((command) => command.name === name)
      ?.check(output);
  const progress = (consumed: number): string =>
    [0, 1, 2, 3].map((queue) => `orders  broker-a  ${queue}  25  ${consumed}  0`).join('\n') + '\nDiff Total: 0';

  it('takes a failure for one though mqadmin ends with 0', () => {
    expect(check('topicList', 'org.apache.rocketmq.tools.command.SubCommandException: no')).toMatch(/^it failed/);
    expect(check('updateTopic', 'MQBrokerException: CODE: 1 DESC: no')).toMatch(/^it failed/);
  });

  it('adds up the offsets', () => {
    expect(check('consumerProgress -g', progress(25))).toBeUndefined();
    expect(check('consumerProgress -g', progress(24))).toBe('4 queues, 100 stored and 96 consumed');
  });

  it('wants what was deleted to be gone, and what is forbidden to be refused', () => {
    expect(check('topicList after', 'orders\nscene-new')).toBe('"scene-new" is still in it');
    expect(check('updateTopic bad', 'create topic success')).toBe('it was not refused with CODE: 29');
  });
});
