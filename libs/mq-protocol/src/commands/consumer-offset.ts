import { optional, required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { Command } from './command.js';

/**
 * QUERY_CONSUMER_OFFSET 14: consumerGroup! topic! queueId! setZeroIfNotFound bname -> offset!; none stored: code 22
 * UPDATE_CONSUMER_OFFSET 15: consumerGroup! topic! queueId! commitOffset! bname -> nothing; usually oneway
 *
 * Source: remoting/protocol/header/QueryConsumerOffsetRequestHeader.java, UpdateConsumerOffsetRequestHeader.java.
 */
export const QueryConsumerOffset = new Command(RequestCode.QUERY_CONSUMER_OFFSET, {
  request: {
    consumerGroup: required.string,
    topic: required.string,
    queueId: required.int,
    setZeroIfNotFound: optional.boolean,
    bname: optional.string,
  },
  response: { offset: required.long },
});

export const UpdateConsumerOffset = new Command(RequestCode.UPDATE_CONSUMER_OFFSET, {
  request: {
    consumerGroup: required.string,
    topic: required.string,
    queueId: required.int,
    commitOffset: required.long,
    bname: optional.string,
  },
  response: {},
});
