import type { MessageDraft } from '../store.types.js';
import { AT_BODY_LENGTH, HEAD_BYTES } from './record-layout.js';

/**
 * The topic of the record that says that a topic was deleted; the record's body is the deleted topic's name. The log thus holds
 * deletions and messages in one order, and a deletion is as safe as a message that was acknowledged at the same moment. No topic of
 * a message may be called so, since `!` is no character of a topic: no client can write such a record.
 */
export const DELETION_TOPIC = '!deleted';
/** MessageSysFlag.TRANSACTION_ROLLBACK_TYPE: a version that does not know the record puts it into no consume queue. */
const TRANSACTION_ROLLBACK = 12;

export function deletionDraft(topic: string, now: number): MessageDraft {
  return {
    topic: DELETION_TOPIC,
    queueId: 0,
    flag: 0,
    sysFlag: TRANSACTION_ROLLBACK,
    bornTimestamp: now,
    bornHost: '0.0.0.0',
    bornPort: 0,
    body: Buffer.from(topic),
    properties: Buffer.alloc(0),
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    tagsCode: 0,
  };
}

/** The topic that the record at `at` deletes. The caller has verified the record, and has read its topic. */
export function deletedTopicOf(recordTopic: string, source: Buffer, view: DataView, at: number): string | undefined {
  if (recordTopic !== DELETION_TOPIC) return undefined;
  return source.toString('utf8', at + HEAD_BYTES, at + HEAD_BYTES + view.getInt32(at + AT_BODY_LENGTH));
}
