import { describe, expect, it } from '@jest/globals';
import { OffsetTable } from './offset-table.js';

describe('the offset table', () => {
  it('knows the topics of a group and the groups of a topic, also after removals', () => {
    const table = new OffsetTable();
    for (const group of ['a', 'b']) for (const topic of ['x', 'y']) table.set(`${topic}@${group}`, 0, 1);
    table.set('x@a', 1, 7);
    expect([table.topicsOf('a'), table.groupsOf('x'), table.topicsOf('nobody')]).toEqual([['x', 'y'], ['a', 'b'], []]);
    table.delete('x@a');
    table.delete('x@a');
    expect([table.topicsOf('a'), table.groupsOf('x'), table.size]).toEqual([['y'], ['b'], 3]);
    expect([...table.entries()].filter(({ group }) => group === 'a')).toEqual([
      { group: 'a', topic: 'y', queueId: 0, offset: 1 },
    ]);
  });

  it('looks at the keys of one name only, however many others there are', () => {
    const table = new OffsetTable();
    for (let group = 0; group < 500; group++) {
      for (let topic = 0; topic < 20; topic++) table.set(`topic-${group * 20 + topic}@group-${group}`, 0, 1);
    }
    expect([table.keysOfGroup('group-7').length, table.keysOfTopic('topic-7').length]).toEqual([20, 1]);
  });
});
