import { optional, required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { Command } from './command.js';

/**
 * UNREGISTER_CLIENT 35: clientID! producerGroup consumerGroup bname -> nothing
 *
 * Source: remoting/protocol/header/UnregisterClientRequestHeader.java.
 */
export const UnregisterClient = new Command(RequestCode.UNREGISTER_CLIENT, {
  request: {
    clientID: required.string,
    producerGroup: optional.string,
    consumerGroup: optional.string,
    bname: optional.string,
  },
  response: {},
});
