import { optional, required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { Command } from './command.js';

/**
 * CONSUMER_SEND_MSG_BACK 36: offset! (physical) group! delayLevel! originMsgId originTopic unitMode maxReconsumeTimes
 * bname -> nothing. delayLevel -1: dead letter at once, 0: the broker decides, above: that level.
 *
 * Source: remoting/protocol/header/ConsumerSendMsgBackRequestHeader.java.
 */
export const ConsumerSendMsgBack = new Command(RequestCode.CONSUMER_SEND_MSG_BACK, {
  request: {
    offset: required.long,
    group: required.string,
    delayLevel: required.int,
    originMsgId: optional.string,
    originTopic: optional.string,
    unitMode: optional.boolean,
    maxReconsumeTimes: optional.int,
    bname: optional.string,
  },
  response: {},
});
