import { required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { Command } from './command.js';

/**
 * WIPE_WRITE_PERM_OF_BROKER 205: brokerName! -> wipeTopicCount!
 * ADD_WRITE_PERM_OF_BROKER 327: brokerName! -> addTopicCount!
 *
 * Source: remoting/protocol/header/namesrv/WipeWritePermOfBrokerRequestHeader.java and its neighbours.
 */
export const WipeWritePermOfBroker = new Command(RequestCode.WIPE_WRITE_PERM_OF_BROKER, {
  request: { brokerName: required.string },
  response: { wipeTopicCount: required.int },
});

export const AddWritePermOfBroker = new Command(RequestCode.ADD_WRITE_PERM_OF_BROKER, {
  request: { brokerName: required.string },
  response: { addTopicCount: required.int },
});
