import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import type { DispatchBacklog } from '../consume-queue/dispatch-backlog.js';
import { QUEUE_ID_MAX } from '../consume-queue/queue-table.js';
import type { QueueTable, TopicQueues } from '../consume-queue/queue-table.js';
import { PROPERTIES_BYTES_MAX } from '../record/record-layout.js';
import { DELETION_TOPIC, deletionDraft } from '../record/deletion-record.js';
import { encodeRecord, recordSizeOf } from '../record/record-encoder.js';
import type { RecordFields } from '../record/record-encoder.js';
import type { ResolvedStoreOptions } from '../store.options.js';
import type { AppendResult, AppendStatus, MessageDraft } from '../store.types.js';
import type { CommitLog } from './commit-log.js';

/** Transaction state in sysFlag (MessageSysFlag). Prepared and rolled back records enter no consume queue. */
const TRANSACTION_MASK = 12;
const TRANSACTION_PREPARED = 4;
const TRANSACTION_ROLLBACK = 12;

/**
 * Puts drafts into the tail of the log: checks them, finds room, gives out offsets and writes the bytes. A message costs no
 * object and no promise.
 */
export class Appender {
  readonly last: AppendResult = {
    physicalOffset: 0,
    queueOffset: 0,
    endOffset: 0,
    storeTimestamp: 0,
    physicalOffsets: [],
  };
  /** One record for all messages: `encodeRecord` copies it into the log, and nothing else ever sees it. */
  private readonly fields: RecordFields = {
    topic: Buffer.alloc(0),
    size: 0,
    bornHost: Uint8Array.of(0, 0, 0, 0),
    storeHost: Uint8Array.of(127, 0, 0, 1),
    storePort: 0,
    queueOffset: 0,
    physicalOffset: 0,
    storeTimestamp: 0,
  };
  private readonly addresses = new AddressCache();
  private readonly deletions: TopicQueues = {
    topic: DELETION_TOPIC,
    name: Buffer.from(DELETION_TOPIC),
    queues: [],
    isLegal: false,
  };

  constructor(
    private readonly log: CommitLog,
    private readonly queues: QueueTable,
    private readonly backlog: DispatchBacklog,
    /** The store time of the newest record. Store times never decrease, whatever the clock does. */
    public lastStoreTimestamp: number,
    private readonly options: Pick<ResolvedStoreOptions, 'maxMessageSize' | 'slabBytesMax' | 'storeHost' | 'now'>,
  ) {
    this.setStoreHost(options.storeHost.host, options.storeHost.port);
  }

  setStoreHost(host: string, port: number): void {
    this.fields.storeHost = Uint8Array.from(ipv4Bytes(host));
    this.fields.storePort = port;
  }

  append(draft: MessageDraft): AppendStatus {
    const topic = this.queues.topicOf(draft.topic);
    return this.check(draft, topic) ?? this.store(draft, topic);
  }

  /** Notes in the log that the topic is deleted: what lies before belongs to it no more. */
  appendDeletion(topic: string): AppendStatus {
    return this.store(deletionDraft(topic, this.options.now()), this.deletions);
  }

  private store(draft: MessageDraft, topic: TopicQueues): AppendStatus {
    const size = recordSizeOf(draft, topic.name);
    const reserved = this.reserve(size);
    if (reserved !== 'PUT_OK') return reserved;
    const { last } = this;
    last.physicalOffsets.length = 0;
    last.storeTimestamp = this.nextTimestamp();
    last.physicalOffset = this.log.endOffset;
    last.queueOffset = this.put(draft, topic, size);
    last.endOffset = this.log.endOffset;
    return 'PUT_OK';
  }

  /** Stores all drafts or none. They are contiguous in the log and consecutive in the queue. */
  appendBatch(drafts: readonly MessageDraft[]): AppendStatus {
    const [first] = drafts;
    if (!first) return 'MESSAGE_ILLEGAL';
    const topic = this.queues.topicOf(first.topic);
    let bytes = 0;
    for (const draft of drafts) {
      if (draft.topic !== first.topic || draft.queueId !== first.queueId) return 'MESSAGE_ILLEGAL';
      const problem = this.check(draft, topic);
      if (problem) return problem;
      bytes += recordSizeOf(draft, topic.name);
    }
    const reserved = this.reserve(bytes);
    if (reserved !== 'PUT_OK') return reserved;
    const { last } = this;
    last.physicalOffsets.length = 0;
    last.storeTimestamp = this.nextTimestamp();
    last.physicalOffset = this.log.endOffset;
    for (const [index, draft] of drafts.entries()) {
      last.physicalOffsets.push(this.log.endOffset);
      const queueOffset = this.put(draft, topic, recordSizeOf(draft, topic.name));
      if (index === 0) last.queueOffset = queueOffset;
    }
    last.endOffset = this.log.endOffset;
    return 'PUT_OK';
  }

  private check(draft: MessageDraft, topic: TopicQueues): AppendStatus | undefined {
    if (draft.properties.length > PROPERTIES_BYTES_MAX) return 'PROPERTIES_SIZE_EXCEEDED';
    if (draft.body.length > this.options.maxMessageSize) return 'MESSAGE_ILLEGAL';
    if (!topic.isLegal) return 'MESSAGE_ILLEGAL';
    if (!(draft.queueId >= 0 && draft.queueId <= QUEUE_ID_MAX)) return 'MESSAGE_ILLEGAL';
    return undefined;
  }

  private reserve(bytes: number): AppendStatus {
    if (this.backlog.isFull) return 'SERVICE_NOT_AVAILABLE';
    const isSlabFull = this.log.pendingBytes + bytes > this.options.slabBytesMax;
    // While the log waits for the zero filler, the slab may grow up to the end of its chunk.
    if (isSlabFull && !this.log.writePending() && !this.log.blocked) return 'SERVICE_NOT_AVAILABLE';
    const reservation = this.log.reserve(bytes);
    if (reservation === 'READY') return 'PUT_OK';
    return reservation === 'TOO_LARGE' ? 'MESSAGE_ILLEGAL' : 'SERVICE_NOT_AVAILABLE';
  }

  private nextTimestamp(): number {
    const now = this.options.now();
    if (now > this.lastStoreTimestamp) this.lastStoreTimestamp = now;
    return this.lastStoreTimestamp;
  }

  /** Writes the record into the reserved room. Returns its queue offset. */
  private put(draft: MessageDraft, topic: TopicQueues, size: number): number {
    const { log, fields } = this;
    const { endOffset } = log;
    const transaction = draft.sysFlag & TRANSACTION_MASK;
    const isQueued = transaction !== TRANSACTION_PREPARED && transaction !== TRANSACTION_ROLLBACK;
    const queue: ConsumeQueue | undefined = isQueued ? this.queues.queueOf(topic, draft.queueId) : undefined;
    const queueOffset = queue ? queue.nextOffset++ : 0;
    fields.topic = topic.name;
    fields.size = size;
    fields.bornHost = this.addresses.bytesOf(draft.bornHost);
    fields.queueOffset = queueOffset;
    fields.physicalOffset = endOffset;
    fields.storeTimestamp = this.last.storeTimestamp;
    encodeRecord(log.chunk, draft, fields);
    if (queue) this.backlog.push(queue, queueOffset, endOffset, size, draft.tagsCode);
    log.advance(size);
    return queueOffset;
  }
}

/** Keeps the bytes of the last address, since a producer sends many messages from one address. */
class AddressCache {
  private text = '';
  private bytes: Uint8Array = new Uint8Array(4);

  bytesOf(host: string | Uint8Array): Uint8Array {
    if (typeof host !== 'string') return host;
    if (host !== this.text) {
      this.bytes = Uint8Array.from(ipv4Bytes(host));
      this.text = host;
    }
    return this.bytes;
  }
}

/** The four bytes of an IPv4 address. Anything else becomes 0.0.0.0: the record's host field has room for four bytes only. */
function ipv4Bytes(host: string): number[] {
  const parts = host
    .replace(/^::ffff:/, '')
    .split('.')
    .map(Number);
  const isIpv4 = parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255);
  return isIpv4 ? parts : [0, 0, 0, 0];
}
