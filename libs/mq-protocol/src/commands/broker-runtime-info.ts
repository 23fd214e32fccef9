import { RequestCode } from '../tables/request-code.js';
import { Command } from './command.js';

/**
 * GET_BROKER_RUNTIME_INFO 28 -> body = KVTable (body/lists.ts); all values are text
 *
 * Source: broker/processor/AdminBrokerProcessor.java (prepareRuntimeInfo).
 */
export const GetBrokerRuntimeInfo = new Command(RequestCode.GET_BROKER_RUNTIME_INFO, { request: {}, response: {} });
