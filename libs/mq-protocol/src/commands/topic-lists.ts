import { required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { Command } from './command.js';

/**
 * GET_ALL_TOPIC_LIST_FROM_NAMESERVER 206 -> body = TopicList
 * GET_TOPICS_BY_CLUSTER 224: cluster! -> body = TopicList
 * GET_SYSTEM_TOPIC_LIST_FROM_NS 304 -> body = TopicList with brokerAddr, which is then asked with 305
 * GET_SYSTEM_TOPIC_LIST_FROM_BROKER 305 -> body = TopicList
 *
 * TopicList: body/lists.ts. Source: namesrv/processor/DefaultRequestProcessor.java.
 */
export const GetAllTopicListFromNameserver = new Command(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, {
  request: {},
  response: {},
});

export const GetTopicsByCluster = new Command(RequestCode.GET_TOPICS_BY_CLUSTER, {
  request: { cluster: required.string },
  response: {},
});

export const GetSystemTopicListFromNs = new Command(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS, {
  request: {},
  response: {},
});

export const GetSystemTopicListFromBroker = new Command(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, {
  request: {},
  response: {},
});
