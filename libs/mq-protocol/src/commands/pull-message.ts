import type { FrameView } from '../frame/frame-view.js';
import { fieldKey } from '../frame/field-key.js';
import { optional, required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { Command } from './command.js';

/**
 * PULL_MESSAGE 11, LITE_PULL_MESSAGE 361 (lite pull of Java 5.x; the same in everything else)
 * consumerGroup! topic! queueId! queueOffset! maxMsgNums! sysFlag! (PullSysFlag) commitOffset! suspendTimeoutMillis!
 * subscription subVersion! expressionType maxMsgBytes
 *
 * answer: suggestWhichBrokerId! nextBeginOffset! minOffset! maxOffset! topicSysFlag groupSysFlag
 * codes 0 FOUND, 19 nothing yet, 20 nothing that matches, 21 offset outside; all four fields come with each of them
 * body = records one after the other (message/message-layout.ts)
 *
 * Source: remoting/protocol/header/PullMessageRequestHeader.java, PullMessageResponseHeader.java.
 */
const headers = {
  request: {
    consumerGroup: required.string,
    topic: required.string,
    queueId: required.int,
    queueOffset: required.long,
    maxMsgNums: required.int,
    sysFlag: required.int,
    commitOffset: required.long,
    suspendTimeoutMillis: required.long,
    subscription: optional.string,
    subVersion: required.long,
    expressionType: optional.string,
    maxMsgBytes: optional.int,
    bname: optional.string,
  },
  response: {
    suggestWhichBrokerId: required.long,
    nextBeginOffset: required.long,
    minOffset: required.long,
    maxOffset: required.long,
    topicSysFlag: optional.int,
    groupSysFlag: optional.int,
  },
};

export const PullMessage = new Command(RequestCode.PULL_MESSAGE, headers);

export type PullMessageHeader = ReturnType<typeof PullMessage.readRequest>;

const keys = {
  consumerGroup: fieldKey('consumerGroup'),
  topic: fieldKey('topic'),
  queueId: fieldKey('queueId'),
  queueOffset: fieldKey('queueOffset'),
  maxMsgNums: fieldKey('maxMsgNums'),
  sysFlag: fieldKey('sysFlag'),
  commitOffset: fieldKey('commitOffset'),
  suspendTimeoutMillis: fieldKey('suspendTimeoutMillis'),
  subscription: fieldKey('subscription'),
  subVersion: fieldKey('subVersion'),
  expressionType: fieldKey('expressionType'),
  maxMsgBytes: fieldKey('maxMsgBytes'),
};

/** Reads a header in place. The header is a new object: pulls are held, so it must outlive its frame. */
export function readPullMessage(view: FrameView): PullMessageHeader {
  return {
    consumerGroup: view.requiredName(keys.consumerGroup),
    topic: view.requiredName(keys.topic),
    queueId: view.int(keys.queueId),
    queueOffset: view.long(keys.queueOffset),
    maxMsgNums: view.int(keys.maxMsgNums),
    sysFlag: view.int(keys.sysFlag),
    commitOffset: view.long(keys.commitOffset),
    suspendTimeoutMillis: view.long(keys.suspendTimeoutMillis),
    subscription: view.name(keys.subscription),
    subVersion: view.long(keys.subVersion),
    expressionType: view.name(keys.expressionType),
    maxMsgBytes: view.find(keys.maxMsgBytes) ? view.int(keys.maxMsgBytes) : undefined,
  };
}
