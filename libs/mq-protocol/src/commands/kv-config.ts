import { optional, required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { Command } from './command.js';

/**
 * PUT_KV_CONFIG 100: namespace! key! value! -> nothing
 * GET_KV_CONFIG 101: namespace! key! -> value; missing: code 22
 * DELETE_KV_CONFIG 102: namespace! key! -> nothing
 * GET_KVLIST_BY_NAMESPACE 219: namespace! -> body = KVTable (body/lists.ts); missing: code 22
 *
 * Source: remoting/protocol/header/namesrv/PutKVConfigRequestHeader.java and its neighbours.
 */
const entry = { namespace: required.string, key: required.string };

export const PutKvConfig = new Command(RequestCode.PUT_KV_CONFIG, {
  request: { ...entry, value: required.string },
  response: {},
});

export const GetKvConfig = new Command(RequestCode.GET_KV_CONFIG, {
  request: entry,
  response: { value: optional.string },
});

export const DeleteKvConfig = new Command(RequestCode.DELETE_KV_CONFIG, { request: entry, response: {} });

export const GetKvListByNamespace = new Command(RequestCode.GET_KVLIST_BY_NAMESPACE, {
  request: { namespace: required.string },
  response: {},
});

/** The namespace whose entries name the queues of ordered topics. */
export const ORDER_TOPIC_CONFIG_NAMESPACE = 'ORDER_TOPIC_CONFIG';
