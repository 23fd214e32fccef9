import {
  CompressionError,
  decodeMessages,
  decompress,
  isCompressed,
  MessageSysFlag,
  PullMessage,
  PullSysFlag,
  ResponseCode,
} from '@rocketshop/mq-protocol';
import type { MessageExt, RemotingCommand } from '@rocketshop/mq-protocol';
import { BrokerNotFoundError, BrokerRefusedError } from '../client-error.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { MASTER_ID } from '../instance/topic-route.js';
import type { MessageQueue, PullStatus } from '../message.js';
import type { PullResult } from './pull-result.js';

interface PullRequest {
  group: string;
  queue: MessageQueue;
  offset: number;
  maxNums: number;
  /** Committed with the pull when the pull goes to a master. */
  commitOffset?: number;
  /** How long the broker may hold the pull while there is no message, ms. */
  suspendMs?: number;
  /** Without it the broker filters by the subscription of the last heartbeat. */
  subscription?: string;
  /** The broker id to pull from, if it is known. */
  brokerId: number;
  timeoutMs: number;
}

/** The Java client's PullResultExt: a pull result, and the broker id that the broker suggests for the next pull. */
export interface PullResultExt extends PullResult {
  suggestedBrokerId: number;
}

const STATUSES: ReadonlyMap<number, PullStatus> = new Map([
  [ResponseCode.SUCCESS, 'FOUND'],
  [ResponseCode.PULL_NOT_FOUND, 'NO_NEW_MSG'],
  [ResponseCode.PULL_RETRY_IMMEDIATELY, 'NO_MATCHED_MSG'],
  [ResponseCode.PULL_OFFSET_MOVED, 'OFFSET_ILLEGAL'],
] as const);

/** One PULL_MESSAGE (11). @throws BrokerRefusedError, BrokerNotFoundError, ConnectionError, RequestTimeoutError */
export async function pullMessages(instance: ClientInstance, pull: PullRequest): Promise<PullResultExt> {
  const isSilent = (address: string): boolean => instance.brokers.silent.has(address);
  const target = instance.routes.readAddress(pull.queue.brokerName, pull.brokerId, isSilent);
  if (target === undefined) {
    await instance.routes.refresh(pull.queue.topic);
    throw new BrokerNotFoundError(pull.queue.brokerName);
  }
  const command = pullCommand(pull, target.brokerId === MASTER_ID);
  const response = await instance.request(target.address, command, pull.timeoutMs, pull.suspendMs);
  return readPullResult(response, target.address);
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
    // 0 is never newer than the version that the broker knows from a heartbeat.
    subVersion: 0,
    expressionType: 'TAG',
  });
}

function readPullResult(response: RemotingCommand, address: string): PullResultExt {
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
 * Inflates the message's body in place. False when that is not possible, because the body is broken or its method is
 * not zlib: the caller must not let such a message stop its queue.
 */
export function inflateMessage(message: MessageExt): boolean {
  if (!isCompressed(message.sysFlag)) return true;
  try {
    message.body = decompress(message.body, message.sysFlag);
    message.sysFlag &= ~MessageSysFlag.COMPRESSED;
    return true;
  } catch (error) {
    if (error instanceof CompressionError) return false;
    throw error;
  }
}
