import { optional } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { Command } from './command.js';

/**
 * GET_BROKER_CONFIG 26 -> version (a DataVersion as JSON), body = lines `key=value`
 * UPDATE_BROKER_CONFIG 25: body = lines `key=value` -> nothing; a key that may not be changed: code 16
 *
 * Source: remoting/protocol/header/GetBrokerConfigResponseHeader.java, broker/processor/AdminBrokerProcessor.java.
 */
export const GetBrokerConfig = new Command(RequestCode.GET_BROKER_CONFIG, {
  request: {},
  response: { version: optional.string },
});

export const UpdateBrokerConfig = new Command(RequestCode.UPDATE_BROKER_CONFIG, { request: {}, response: {} });
