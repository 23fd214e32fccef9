import {
  CompressionError,
  decodeMessages,
  decompress,
  isCompressed,
  MessageSysFlag,
  PullMessage,
  PullSysFlag,
  ResponseCode,
  type MessageExt,
  type RemotingCommand,
} from '@rocketshop/mq-protocol';
import { BrokerNotFoundError, BrokerRefusedError } from '../client-error.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { MASTER_ID } from '../instance/topic-route.js';
import type { MessageQueue, PullStatus } from '../message.js';

export interface PullRequest {
  group: string;
  queue: MessageQueue;
  offset: number;
  maxNums: number;
  /** Committed with the pull when it goes to a master. */
  commitOffset?: number;
  /** Let the broker hold the pull this long when there is nothing, ms. */
  suspendMs?: number;
  /** Carried in the request; without it the broker uses the heartbeat's. */
  subscription?: string;
  /** Broker id to prefer. */
  brokerId: number;
  timeoutMs: number;
}

export interface PullAnswer {
  status: PullStatus;
  nextBeginOffset: number;
  minOffset: number;
  maxOffset: number;
  suggestedBrokerId: number;
  messages: MessageExt[];
}

const STATUSES: ReadonlyMap<number, PullStatus> = new Map([
  [ResponseCode.SUCCESS, 'FOUND'],
  [ResponseCode.PULL_NOT_FOUND, 'NO_NEW_MSG'],
  [ResponseCode.PULL_RETRY_IMMEDIATELY, 'NO_MATCHED_MSG'],
  [ResponseCode.PULL_OFFSET_MOVED, 'OFFSET_ILLEGAL'],
] as const);

/** One PULL_MESSAGE (11). @throws BrokerRefusedError, BrokerNotFoundError, ConnectionError, RequestTimeoutError */
export async function pullMessages(instance: ClientInstance, pull: PullRequest): Promise<PullAnswer> {
  const target = instance.routes.readAddress(pull.queue.brokerName, pull.brokerId);
  if (target === undefined) {
    await instance.routes.refresh(pull.queue.topic);
    throw new BrokerNotFoundError(pull.queue.brokerName);
  }
  const command = pullCommand(pull, target.brokerId === MASTER_ID);
  const response = await instance.request(target.address, command, pull.timeoutMs);
  return readPullAnswer(response, target.address);
}

function pullCommand(pull: PullRequest, toMaster: boolean): RemotingCommand {
  const { commitOffset = 0, suspendMs = 0, subscription } = pull;
  const sysFlag =
    (commitOffset > 0 && toMaster ? PullSysFlag.COMMIT_OFFSET : 0) |
    (suspendMs > 0 ? PullSysFlag.SUSPEND : 0) |
    (subscription === undefined ? 0 : PullSysFlag.SUBSCRIPTION);
  return PullMessage.createRequest({
    consumerGroup: pull.group,
    topic: pull.queue.topic,
    queueId: pull.queue.queueId,
    queueOffset: pull.offset,
    maxMsgNums: pull.maxNums,
    sysFlag,
    commitOffset,
    suspendTimeoutMillis: suspendMs,
    subscription,
    // 0 is never newer than what the broker knows from our heartbeat.
    subVersion: 0,
    expressionType: 'TAG',
  });
}

export function readPullAnswer(response: RemotingCommand, address: string): PullAnswer {
  const status = STATUSES.get(response.code);
  if (status === undefined) throw new BrokerRefusedError(response.code, response.remark ?? '', address, true);
  const { nextBeginOffset, minOffset, maxOffset, suggestWhichBrokerId } = PullMessage.readResponse(response);
  return {
    status,
    nextBeginOffset,
    minOffset,
    maxOffset,
    suggestedBrokerId: suggestWhichBrokerId,
    messages: status === 'FOUND' && response.body !== undefined ? decodeMessages(response.body) : [],
  };
}

/**
 * Inflates the message in place. False when its body cannot be read here (broken, or a method other than zlib): such
 * a message must not stop its queue.
 */
export function inflateMessage(message: MessageExt, bodyBytesMax?: number): boolean {
  if (!isCompressed(message.sysFlag)) return true;
  try {
    message.body = decompress(message.body, message.sysFlag, bodyBytesMax);
    message.sysFlag &= ~MessageSysFlag.COMPRESSED;
    return true;
  } catch (error) {
    if (error instanceof CompressionError) return false;
    throw error;
  }
}
