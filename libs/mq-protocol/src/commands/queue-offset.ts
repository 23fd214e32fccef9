import { optional, required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { Command } from './command.js';

/**
 * GET_MAX_OFFSET 30: topic! queueId! committed bname -> offset!, the next one to be given out
 * GET_MIN_OFFSET 31: topic! queueId! bname -> offset!, the first one still there
 * SEARCH_OFFSET_BY_TIMESTAMP 29: topic! queueId! timestamp! boundaryType (LOWER, UPPER) bname -> offset!
 * GET_EARLIEST_MSG_STORETIME 32: topic! queueId! bname -> timestamp!, -1 for an empty queue
 *
 * Source: remoting/protocol/header/GetMaxOffsetRequestHeader.java and its neighbours.
 */
const queue = { topic: required.string, queueId: required.int, bname: optional.string };

export const GetMaxOffset = new Command(RequestCode.GET_MAX_OFFSET, {
  request: { ...queue, committed: optional.boolean },
  response: { offset: required.long },
});

export const GetMinOffset = new Command(RequestCode.GET_MIN_OFFSET, {
  request: queue,
  response: { offset: required.long },
});

export const SearchOffset = new Command(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, {
  request: { ...queue, timestamp: required.long, boundaryType: optional.string },
  response: { offset: required.long },
});

export const GetEarliestMsgStoretime = new Command(RequestCode.GET_EARLIEST_MSG_STORETIME, {
  request: queue,
  response: { timestamp: required.long },
});
