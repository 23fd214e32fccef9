import { optional, required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { Command } from './command.js';

/**
 * GET_CONSUMER_RUNNING_INFO 307: consumerGroup! clientId! jstackEnable -> body of the client, passed on as it is;
 *   not online: code 1; no answer: code 207
 *
 * Source: remoting/protocol/header/GetConsumerRunningInfoRequestHeader.java.
 */
export const GetConsumerRunningInfo = new Command(RequestCode.GET_CONSUMER_RUNNING_INFO, {
  request: { consumerGroup: required.string, clientId: required.string, jstackEnable: optional.boolean },
  response: {},
});
