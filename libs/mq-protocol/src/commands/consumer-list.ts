import { optional, required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { jsonBody } from './body/body-codec.js';
import { Command } from './command.js';

/**
 * GET_CONSUMER_LIST_BY_GROUP 38: consumerGroup! bname -> body = {"consumerIdList":[clientId]}; none: code 1
 * NOTIFY_CONSUMER_IDS_CHANGED 40: consumerGroup!, broker to client, oneway
 *
 * Source: remoting/protocol/header/GetConsumerListByGroupRequestHeader.java, NotifyConsumerIdsChangedRequestHeader.java.
 */
export const GetConsumerListByGroup = new Command(RequestCode.GET_CONSUMER_LIST_BY_GROUP, {
  request: { consumerGroup: required.string, bname: optional.string },
  response: {},
});

export const NotifyConsumerIdsChanged = new Command(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, {
  request: { consumerGroup: required.string },
  response: {},
});

export const consumerListBody = jsonBody<string[]>(
  'GetConsumerListByGroupResponseBody',
  (reader) => reader.strings('consumerIdList'),
  (consumerIdList) => ({ consumerIdList }),
);
