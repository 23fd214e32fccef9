import {
  createResponse,
  isReadable,
  MessageModel,
  PullSysFlag,
  readPullMessage,
  RequestRefusedError,
  ResponseCode,
} from '@rocketshop/mq-protocol';
import type { FrameView, Peer, PullMessageHeader, SubscriptionData } from '@rocketshop/mq-protocol';
import type { GetResult, ReadOptions } from '../../store/index.js';
import type { BrokerContext } from '../broker-context.js';
import type { ConsumerGroupInfo } from '../groups/index.js';
import type { HeldPull, LongPollTable } from '../long-poll/long-poll-table.js';
import { refuse } from '../send/send-checks.js';
import type { BrokerStatistics } from '../statistics/broker-statistics.js';
import { pullCode, PullAnswerSender } from './pull-answer.js';
import { RecordSlab } from './record-slab.js';
import { SubscriptionFilterCache } from './subscription-filter.js';
import type { SubscriptionFilter } from './subscription-filter.js';

/** The most messages in one answer. RocketMQ's maximum is 32; this broker gives more to a client that asks for more. */
const MESSAGES_MAX = 1_024;
/** The most bytes in one answer, unless a single message is larger (RocketMQ `maxTransferBytesOnMessageInMemory`). */
const BYTES_MAX = 262_144;
/** The longest time that a pull is held, whatever the client asks for: the client's own time-out is 30 s. */
const SUSPEND_MS_MAX = 60_000;

export interface PullProcessorParts {
  context: BrokerContext;
  longPolls: () => LongPollTable;
  statistics: BrokerStatistics;
}

/** What a pull asks for. The broker keeps it while the pull is held. */
type PullTask = Omit<HeldPull, 'deadlineMs'>;

/**
 * Processes PULL_MESSAGE and LITE_PULL_MESSAGE in the read buffer. A pull that finds no message and may wait is held. It is
 * executed once more when a message for it arrives or when its time is over. Source: `PullMessageProcessor`.
 */
export class PullProcessor {
  private readonly filters = new SubscriptionFilterCache();
  private readonly slab = new RecordSlab();
  private readonly answers: PullAnswerSender;
  /** One record for all look-ups: `look` fills it again, and the reader keeps nothing of it. */
  private readonly readOptions: ReadOptions = { allocate: this.slab.take };

  constructor(private readonly parts: PullProcessorParts) {
    this.answers = new PullAnswerSender(this.slab, parts.context.config.brokerId);
  }

  /**
   * Processes one frame. The view is valid only during the call.
   * @throws RequestRefusedError, HeaderFieldError: the peer answers them
   */
  handle(view: FrameView, peer: Peer): void {
    const { context } = this.parts;
    if (view.isOneway) refuse(ResponseCode.INVALID_PARAMETER, 'a pull needs an answer');
    const header = readPullMessage(view);
    this.checkPull(header);
    const task: PullTask = {
      peer,
      opaque: view.opaque,
      serializeType: view.serializeType,
      group: header.consumerGroup,
      topic: header.topic,
      queueId: header.queueId,
      queueOffset: header.queueOffset,
      maxMessages: Math.max(1, Math.min(header.maxMsgNums, MESSAGES_MAX)),
      maxBytes: bytesMax(header.maxMsgBytes),
      filter: this.filterOf(header),
    };
    const result = this.look(task);
    const isCommit = (header.sysFlag & PullSysFlag.COMMIT_OFFSET) !== 0;
    // An offset beyond the end would skip what is stored there next.
    if (isCommit && header.commitOffset >= 0 && header.commitOffset <= result.maxOffset) {
      context.offsets.commit(task.group, task.topic, task.queueId, header.commitOffset);
    }
    const isAtEnd = pullCode(result.status, task.queueOffset) === ResponseCode.PULL_NOT_FOUND;
    // After a hole the next offset is higher, and the client must get it at once: then the pull is not held.
    const maySuspend =
      (header.sysFlag & PullSysFlag.SUSPEND) !== 0 && context.config.longPollingEnable && !context.draining;
    if (isAtEnd && maySuspend && result.nextBeginOffset === task.queueOffset)
      this.hold(task, header.suspendTimeoutMillis);
    else this.answer(task, result);
  }

  /** Executes a held pull for the second and last time. */
  wake(pull: HeldPull): void {
    this.answer(pull, this.look(pull));
  }

  private hold(task: PullTask, suspendTimeoutMillis: number): void {
    const { context, longPolls } = this.parts;
    const suspendMs = Math.max(0, Math.min(suspendTimeoutMillis, SUSPEND_MS_MAX));
    if (longPolls().hold({ ...task, deadlineMs: context.elapsed.now() + suspendMs })) return;
    task.peer.reply(createResponse(task, ResponseCode.POLLING_FULL, { remark: 'too many pulls are held already' }));
  }

  private look(task: PullTask): GetResult {
    const { readOptions } = this;
    readOptions.maxBytes = task.maxBytes;
    readOptions.tagMatcher = task.filter.match;
    const { reader } = this.parts.context.store;
    return reader.getMessages(task.topic, task.queueId, task.queueOffset, task.maxMessages, readOptions);
  }

  private answer(task: PullTask, result: GetResult): void {
    const { statistics } = this.parts;
    if (result.count > 0) statistics.countGet(task.group, task.topic, result.count, result.bytes);
    this.answers.send(task.peer, task, pullCode(result.status, task.queueOffset), result);
  }

  /**
   * In RocketMQ's order.
   * @throws RequestRefusedError 16 not allowed, 17 no such topic, 26 no such group, 29 no such queue
   */
  private checkPull(header: PullMessageHeader): void {
    const { config, groups, topics } = this.parts.context;
    if (!isReadable(config.brokerPermission)) {
      refuse(ResponseCode.NO_PERMISSION, `the broker[${config.brokerIP1}] pulling message is forbidden`);
    }
    const group = groups.findOrCreate(header.consumerGroup);
    if (group === undefined) {
      throw new RequestRefusedError(
        ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
        `subscription group [${header.consumerGroup}] does not exist`,
      );
    }
    if (!group.consumeEnable) {
      refuse(ResponseCode.NO_PERMISSION, `subscription group no permission, ${header.consumerGroup}`);
    }
    const topic = topics.get(header.topic);
    if (topic === undefined) {
      return refuse(ResponseCode.TOPIC_NOT_EXIST, `topic[${header.topic}] not exist, apply first please!`);
    }
    if (!isReadable(topic.perm)) {
      refuse(ResponseCode.NO_PERMISSION, `the topic[${header.topic}] pulling message is forbidden`);
    }
    if (header.queueId < 0 || header.queueId >= topic.readQueueNums) {
      refuse(
        ResponseCode.INVALID_PARAMETER,
        `queueId[${header.queueId}] is illegal, topic:[${header.topic}] topicConfig.readQueueNums:[${topic.readQueueNums}]`,
      );
    }
  }

  /** The filter of the request, else the filter of the group's heartbeat. */
  private filterOf(header: PullMessageHeader): SubscriptionFilter {
    if ((header.sysFlag & PullSysFlag.SUBSCRIPTION) !== 0) {
      return this.filters.ofExpression(header.subscription, header.expressionType);
    }
    const group = this.parts.context.consumers.get(header.consumerGroup);
    return this.filters.ofSubscription(this.subscriptionOf(group, header));
  }

  private subscriptionOf(group: ConsumerGroupInfo | undefined, header: PullMessageHeader): SubscriptionData {
    if (group === undefined) {
      return refuse(ResponseCode.SUBSCRIPTION_NOT_EXIST, "the consumer's group info not exist");
    }
    const config = this.parts.context.groups.get(header.consumerGroup);
    if (config?.consumeBroadcastEnable === false && group.messageModel === MessageModel.BROADCASTING) {
      refuse(
        ResponseCode.NO_PERMISSION,
        `the consumer group[${header.consumerGroup}] can not consume by broadcast way`,
      );
    }
    const subscription = group.subscriptions.get(header.topic);
    if (subscription === undefined) {
      return refuse(ResponseCode.SUBSCRIPTION_NOT_EXIST, "the consumer's subscription not exist");
    }
    if (subscription.subVersion < header.subVersion) {
      refuse(ResponseCode.SUBSCRIPTION_NOT_LATEST, "the consumer's subscription not latest");
    }
    return subscription;
  }
}

/** The client's limit when it has one: absent and 0 mean none. */
function bytesMax(maxMsgBytes: number | undefined): number {
  return maxMsgBytes === undefined || maxMsgBytes <= 0 ? BYTES_MAX : Math.min(maxMsgBytes, BYTES_MAX);
}
