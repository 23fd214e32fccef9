import {
  dlqTopic,
  isRetryTopic,
  MessageConst,
  MessageFormatError,
  MessageSysFlag,
  PermName,
  ResponseCode,
  RETRY_TOPIC_PREFIX,
  scanBatchBody,
  SendMessage,
  SendMessageView,
  encodeOffsetMsgId,
  TopicName,
} from '@rocketshop/mq-protocol';
import type { BatchItemView, FrameView, Peer, RemotingCommand, TopicConfig } from '@rocketshop/mq-protocol';
import type { MessageDraft } from '../../store/index.js';
import type { AckQueue } from '../acks/ack-queue.js';
import { requireStored } from '../acks/store-status.js';
import type { BrokerContext } from '../broker-context.js';
import type { DelayLevels } from '../delay/delay-levels.js';
import type { QueueLockTable } from '../locks/queue-lock-table.js';
import type { BrokerStatistics } from '../statistics/broker-statistics.js';
import { PropertyRewriter } from './message-properties.js';
import { checkSend, refuse } from './send-checks.js';

/** Older clients send a maximum of redeliveries that has no meaning. */
const VERSION_WITH_MAX_RECONSUME_TIMES = 121;
/**
 * The broker sets these flags itself. They give the length of the two addresses in a record, so a wrong flag from a
 * producer would make the record unreadable.
 */
const BROKER_SYS_FLAGS = MessageSysFlag.BORN_HOST_V6 | MessageSysFlag.STORE_HOST_V6;

/** What a record has beyond body and properties, when the message comes back. A record lies in one file. */
const REDELIVERY_BYTES_MAX = 2_048;

export interface SendProcessorParts {
  context: BrokerContext;
  acks: AckQueue;
  /** The port in message ids. */
  storePort: number;
  delayLevels: DelayLevels;
  locks: QueueLockTable;
  statistics: BrokerStatistics;
}

/**
 * Processes SEND_MESSAGE, SEND_MESSAGE_V2 and SEND_BATCH_MESSAGE in the read buffer: it checks the request, rewrites the
 * properties, appends the message and queues its acknowledgement. It keeps nothing of the frame: the store copies the bytes.
 * Source: `SendMessageProcessor`.
 */
export class SendProcessor {
  private readonly header = new SendMessageView();
  private readonly properties: PropertyRewriter;
  /** One draft for all single messages. The store copies it during `append`, so the next message may fill it again. */
  private readonly draft: MessageDraft = emptyDraft();

  constructor(private readonly parts: SendProcessorParts) {
    const { config } = parts.context;
    this.properties = new PropertyRewriter({
      regionId: config.regionId,
      traceOn: config.traceOn,
      clusterName: config.brokerClusterName,
    });
  }

  /**
   * Processes one frame. The view is valid only during the call.
   * @throws RequestRefusedError, HeaderFieldError: the peer answers them
   */
  handle(view: FrameView, peer: Peer): void {
    const { header, draft, parts } = this;
    if (parts.acks.isFull) refuse(ResponseCode.SYSTEM_BUSY, '[OVERLOAD]system busy, start flow control for a while');
    header.read(view);
    const isKnown = parts.context.topics.get(header.topic) !== undefined;
    const config = checkSend(parts.context, header);
    // The creation of a topic looks up more fields, and a look-up may overwrite the decoded properties: read them again.
    if (!isKnown) header.read(view);
    const queueId = header.queueId < 0 ? Math.floor(Math.random() * config.writeQueueNums) : header.queueId;
    draft.topic = header.topic;
    draft.queueId = queueId;
    draft.flag = header.flag;
    draft.sysFlag = header.sysFlag & ~BROKER_SYS_FLAGS;
    draft.bornTimestamp = header.bornTimestamp;
    draft.bornHost = peer.remoteHost;
    draft.bornPort = peer.remotePort;
    draft.reconsumeTimes = header.reconsumeTimes;
    draft.preparedTransactionOffset = 0;
    if (header.batch) {
      this.storeBatch(view, peer, queueId, config);
      return;
    }
    const toDeadLetters = isRetryTopic(header.topic) && this.redirectToDeadLetters(view, config);
    this.rewriteProperties(toDeadLetters, queueId);
    draft.properties = this.properties.buffer.subarray(0, this.properties.length);
    draft.body = view.body();
    this.requireBodySize(draft.body.length);
    requireStored(parts.context.store.append(draft));
    parts.statistics.countPut(draft.topic, 1);
    if (view.isOneway) return;
    const { topics, store } = parts.context;
    if (topics.isSaved(config.topicName) && topics.isSaved(draft.topic)) {
      parts.acks.answerSend(peer, view, queueId, this.properties.waitStoreMsgOk);
    } else {
      const answer = this.answerOf(view, queueId, [store.lastAppend.physicalOffset]);
      parts.acks.answerWhenSaved(peer, answer, topics.saved());
    }
  }

  /** Rewrites the properties to the form in which they are stored. A delayed message also gets another destination. */
  private rewriteProperties(ignoresDelay: boolean, queueId: number): void {
    const { properties, draft, header } = this;
    properties.begin(!ignoresDelay);
    if (!properties.append(header.propertiesBuffer, header.propertiesStart, header.propertiesEnd)) {
      requireStored('PROPERTIES_SIZE_EXCEEDED');
    }
    this.requireServed();
    draft.tagsCode = properties.tagsCode;
    if (properties.delayLevel > 0) this.delay(queueId);
    // Apache RocketMQ marks a dead letter so that came from a redelivery.
    if (ignoresDelay) properties.add(MessageConst.DELAY_TIME_LEVEL, '-1');
    const isRedelivery = isRetryTopic(header.topic);
    if (!properties.finish({ isRedelivery })) requireStored('PROPERTIES_SIZE_EXCEEDED');
  }

  /** A delayed message waits in the queue of its level. The tags code of its consume queue unit is the time when it is due. */
  private delay(queueId: number): void {
    const { properties, draft, parts } = this;
    const level = parts.delayLevels.clamp(properties.delayLevel);
    properties.add(MessageConst.REAL_TOPIC, draft.topic);
    properties.add(MessageConst.REAL_QUEUE_ID, String(queueId));
    draft.topic = TopicName.SCHEDULE_TOPIC;
    draft.queueId = level - 1;
    draft.tagsCode = Math.ceil(parts.context.steady.now() + parts.delayLevels.delayMs(level));
    draft.preparedTransactionOffset = draft.tagsCode;
  }

  /** Refuses transactions, free delays and levels that are no number: this broker would deliver such a message at once. */
  private requireServed(): void {
    const { properties, header, parts } = this;
    const transaction = header.sysFlag & MessageSysFlag.TRANSACTION_MASK;
    const isHalf =
      transaction === MessageSysFlag.TRANSACTION_PREPARED || transaction === MessageSysFlag.TRANSACTION_ROLLBACK;
    if (isHalf || (properties.isTransactionPrepared && header.reconsumeTimes === 0)) {
      refuse(
        ResponseCode.NO_PERMISSION,
        `the broker[${parts.context.config.brokerIP1}] sending transaction message is forbidden`,
      );
    }
    if (properties.wrongDelay !== undefined) {
      const text = JSON.stringify(properties.wrongDelay.slice(0, REMARK_TEXT_MAX));
      refuse(ResponseCode.SYSTEM_ERROR, `the property DELAY is no 32-bit number: ${text}`);
    }
    if (properties.hasTimer && properties.delayLevel === 0) {
      refuse(ResponseCode.MESSAGE_ILLEGAL, 'timer messages are not served by this broker, use a delay level');
    }
  }

  /**
   * A consumer gives a message back by sending it to `%RETRY%group` (RocketMQ `handleRetryAndDLQ`). Returns true when the
   * message has reached its maximum of redeliveries: then it goes to the group's dead letters, without delay.
   */
  private redirectToDeadLetters(view: FrameView, config: TopicConfig): boolean {
    const { header, draft, parts } = this;
    const groupName = config.topicName.slice(RETRY_TOPIC_PREFIX.length);
    const group = parts.context.groups.findOrCreate(groupName);
    if (group === undefined) {
      return refuse(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `subscription group not exist, ${groupName}`);
    }
    const hasMaximum = view.version >= VERSION_WITH_MAX_RECONSUME_TIMES && header.maxReconsumeTimes >= 0;
    const maxReconsumeTimes = hasMaximum ? header.maxReconsumeTimes : group.retryMaxTimes;
    if (header.reconsumeTimes <= maxReconsumeTimes && !parts.locks.isHeldByAnyone(groupName)) return false;
    const deadLetters = parts.context.topics.createInSendBack(
      dlqTopic(groupName),
      1,
      PermName.READ | PermName.WRITE,
      0,
    );
    if (deadLetters === undefined) {
      return refuse(ResponseCode.TOPIC_NOT_EXIST, `topic[${dlqTopic(groupName)}] not exist, apply first please!`);
    }
    draft.topic = deadLetters.topicName;
    draft.queueId = 0;
    return true;
  }

  /** Stores all messages of a batch, with consecutive queue offsets, or none. */
  private storeBatch(view: FrameView, peer: Peer, queueId: number, { topicName }: TopicConfig): void {
    const { properties, draft, header, parts } = this;
    if (isRetryTopic(header.topic)) refuse(ResponseCode.MESSAGE_ILLEGAL, 'a batch cannot be sent to a retry topic');
    this.requireBodySize(view.bodyEnd - view.bodyStart);
    const { buffer } = view;
    const { propertiesBuffer, propertiesStart, propertiesEnd } = header;
    let waitStoreMsgOk = true;
    const items = batchItems(view);
    const drafts = items.map((item): MessageDraft => {
      properties.begin();
      // The batch's own properties say how it is stored, and belong to no message.
      const reads = properties.append(propertiesBuffer, propertiesStart, propertiesEnd);
      waitStoreMsgOk &&= properties.waitStoreMsgOk;
      this.requireServed();
      properties.begin();
      const fits = reads && properties.append(buffer, item.propertiesStart, item.propertiesEnd);
      this.requireServed();
      if (properties.delayLevel > 0) refuse(ResponseCode.MESSAGE_ILLEGAL, 'a batch cannot be delayed');
      if (!fits || !properties.finish({ isInBatch: true })) requireStored('PROPERTIES_SIZE_EXCEEDED');
      waitStoreMsgOk &&= properties.waitStoreMsgOk;
      return Object.assign(emptyDraft(), draft, {
        flag: item.flag,
        body: buffer.subarray(item.bodyStart, item.bodyEnd),
        properties: Buffer.from(properties.buffer.subarray(0, properties.length)),
        tagsCode: properties.tagsCode,
      });
    });
    requireStored(parts.context.store.appendBatch(drafts));
    parts.statistics.countPut(draft.topic, drafts.length);
    if (view.isOneway) return;
    const { topics, store } = parts.context;
    const answer = this.answerOf(view, queueId, store.lastAppend.physicalOffsets);
    if (topics.isSaved(topicName)) parts.acks.answerWith(peer, answer, waitStoreMsgOk);
    else parts.acks.answerWhenSaved(peer, answer, topics.saved());
  }

  /** The answer to a send that the writer of usual answers does not write. */
  private answerOf(view: FrameView, queueId: number, physicalOffsets: readonly number[]): RemotingCommand {
    const { context, storePort } = this.parts;
    const { brokerIP1, regionId, traceOn } = context.config;
    const { queueOffset } = context.store.lastAppend;
    const ids = physicalOffsets.map((offset) => encodeOffsetMsgId(brokerIP1, storePort, offset));
    return SendMessage.createResponse(view, {
      msgId: ids.join(','),
      queueId,
      queueOffset,
      MSG_REGION: regionId,
      TRACE_ON: String(traceOn),
    });
  }

  private requireBodySize(bytes: number): void {
    const { maxMessageSize, mappedFileSizeCommitLog } = this.parts.context.config;
    if (bytes > maxMessageSize) {
      refuse(
        ResponseCode.MESSAGE_ILLEGAL,
        `the body has ${bytes} bytes as sent, more than maxMessageSize ${maxMessageSize}`,
      );
    }
    if (bytes + this.properties.length + REDELIVERY_BYTES_MAX > mappedFileSizeCommitLog) {
      const remark = `the body has ${bytes} bytes as sent, too many for one file of mappedFileSizeCommitLog ${mappedFileSizeCommitLog}`;
      refuse(ResponseCode.MESSAGE_ILLEGAL, remark);
    }
  }
}

/** Characters of a sender's text that a refusal repeats. */
const REMARK_TEXT_MAX = 100;
const EMPTY = Buffer.alloc(0);

function batchItems(view: FrameView): BatchItemView[] {
  try {
    const items = scanBatchBody(view.buffer, view.bodyStart, view.bodyEnd);
    return items.length > 0 ? items : refuse(ResponseCode.MESSAGE_ILLEGAL, 'a batch without a message');
  } catch (error) {
    if (!(error instanceof MessageFormatError)) throw error;
    return refuse(ResponseCode.MESSAGE_ILLEGAL, error.message);
  }
}

function emptyDraft(): MessageDraft {
  return {
    topic: '',
    queueId: 0,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: 0,
    bornHost: '0.0.0.0',
    bornPort: 0,
    body: EMPTY,
    properties: EMPTY,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    tagsCode: 0,
  };
}
