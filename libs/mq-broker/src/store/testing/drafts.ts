import { javaHash } from '../recovery/queue-builder.js';
import type { MessageDraft } from '../store.types.js';

const HOST = Uint8Array.of(10, 0, 0, 5);

/** A draft with a tag; everything may be overridden. */
export function draftOf(
  topic: string,
  queueId: number,
  body: string | Buffer,
  overrides: Partial<MessageDraft> = {},
): MessageDraft {
  return {
    topic,
    queueId,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_000,
    bornHost: HOST,
    bornPort: 40_000,
    body: Buffer.from(body),
    properties: Buffer.from('TAGS\u0001TagA\u0002KEYS\u0001K1\u0002', 'utf8'),
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    tagsCode: javaHash('TagA'),
    ...overrides,
  };
}
