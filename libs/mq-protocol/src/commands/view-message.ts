import { optional, required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { Command } from './command.js';

/**
 * VIEW_MESSAGE_BY_ID 33: topic offset! (physical) -> body = one record as it is stored
 *
 * Source: remoting/protocol/header/ViewMessageRequestHeader.java.
 */
export const ViewMessage = new Command(RequestCode.VIEW_MESSAGE_BY_ID, {
  request: { topic: optional.string, offset: required.long },
  response: {},
});
