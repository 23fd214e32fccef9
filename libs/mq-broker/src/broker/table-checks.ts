import { BodyError, JsonReader, subscriptionGroupTableBody, topicConfigTableBody } from '@rocketshop/mq-protocol';
import type { DelayOffsetTable } from '@rocketshop/mq-protocol';

/**
 * Bodies from clients are read as leniently as RocketMQ reads them. A table file is not: what is missing or of another type there
 * comes from damage or from another file, and the backup is better than a guess.
 */

/** Throws when the text is no `topics.json`. */
export function checkTopicTable(text: string): void {
  requireMember(text, 'topicConfigTable');
  for (const topic of topicConfigTableBody.decode(text).topicConfigTable.values()) {
    requireCounts(topic.topicName, topic, ['readQueueNums', 'writeQueueNums', 'perm', 'topicSysFlag']);
  }
}

/** Throws when the text is no `subscriptionGroup.json`. */
export function checkGroupTable(text: string): void {
  requireMember(text, 'subscriptionGroupTable');
  for (const group of subscriptionGroupTableBody.decode(text).subscriptionGroupTable.values()) {
    requireCounts(group.groupName, group, ['retryQueueNums', 'brokerId', 'groupSysFlag']);
  }
}

/** Reads `delayOffset.json`. Throws when the text is none. */
export function parseDelayOffsets(text: string): DelayOffsetTable {
  requireMember(text, 'offsetTable');
  const offsets = JsonReader.parse(text, 'the file').entries('offsetTable', (offset, path) => {
    if (typeof offset !== 'number' || !Number.isSafeInteger(offset)) throw new BodyError(`${path} is no offset`);
    return offset;
  });
  for (const level of offsets.keys()) if (!/^\d{1,9}$/.test(level)) throw new BodyError(`"${level}" is no delay level`);
  return new Map([...offsets].map(([level, offset]) => [Number(level), offset]));
}

function requireMember(text: string, member: string): void {
  if (JsonReader.parse(text, 'the file').object(member) === undefined) throw new BodyError(`${member} is missing`);
}

function requireCounts<K extends string>(what: string, values: Record<K, number>, names: readonly K[]): void {
  for (const name of names) {
    if (!Number.isSafeInteger(values[name]) || values[name] < 0) throw new BodyError(`${name} of ${what} is no number`);
  }
}
