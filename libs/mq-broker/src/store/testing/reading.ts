import type { MessageStore } from '../message-store.js';
import { AT_BODY_LENGTH, AT_QUEUE_OFFSET, HEAD_BYTES } from '../record/record-layout.js';

/** Resolves when everything appended so far may be acknowledged. */
export async function written(store: MessageStore): Promise<void> {
  const end = store.maxPhysicalOffset;
  while (store.visibleOffset < end) await new Promise((resolve) => setImmediate(resolve));
}

/** The records in a buffer as clients read them. */
export function recordsOf(buffers: readonly Buffer[]): Buffer[] {
  const records: Buffer[] = [];
  for (const buffer of buffers) {
    for (let at = 0; at < buffer.length; at += buffer.readInt32BE(at)) {
      records.push(buffer.subarray(at, at + buffer.readInt32BE(at)));
    }
  }
  return records;
}

export function bodyOf(record: Buffer): Buffer {
  return record.subarray(HEAD_BYTES, HEAD_BYTES + record.readInt32BE(AT_BODY_LENGTH));
}

/** The bodies of a queue from `offset` to its end, in order. */
export function bodiesOf(store: MessageStore, topic: string, queueId: number, offset?: number): string[] {
  return messagesOf(store, topic, queueId, offset).map(({ body }) => body);
}

/** The messages of a queue from `offset` to its end, in order, each with the queue offset that its record names. */
export function messagesOf(
  store: MessageStore,
  topic: string,
  queueId: number,
  offset?: number,
): { readonly queueOffset: number; readonly body: string }[] {
  const messages: { queueOffset: number; body: string }[] = [];
  let next = offset ?? store.reader.minOffset(topic, queueId);
  while (next < store.reader.maxOffset(topic, queueId)) {
    const result = store.reader.getMessages(topic, queueId, next, 32);
    for (const record of recordsOf(result.buffers)) {
      messages.push({
        queueOffset: Number(record.readBigInt64BE(AT_QUEUE_OFFSET)),
        body: bodyOf(record).toString(),
      });
    }
    if (result.nextBeginOffset <= next) throw new Error(`no progress at ${next}: ${result.status}`);
    next = result.nextBeginOffset;
  }
  return messages;
}

/** A few turns of the event loop: what the disk in memory has under way is done. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}
