import { optional, required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { Command } from './command.js';

/**
 * UPDATE_AND_CREATE_TOPIC 17: topic! defaultTopic! readQueueNums! writeQueueNums! perm! topicFilterType! topicSysFlag
 *                             order! attributes force -> nothing
 * GET_ALL_TOPIC_CONFIG 21: topicSeq dataVersion maxTopicNum (5.x pages) -> totalTopicNum, body = TopicConfigTable
 * GET_TOPIC_CONFIG 351: topic! lo -> body = TopicConfig; code 17
 * DELETE_TOPIC_IN_BROKER 215: topic! -> nothing
 * DELETE_TOPIC_IN_NAMESRV 216: topic! clusterName -> nothing
 * REGISTER_TOPIC_IN_NAMESRV 217: topic!, body = TopicRouteData (topic-route.ts) -> nothing
 *
 * Source: remoting/protocol/header/CreateTopicRequestHeader.java, DeleteTopicRequestHeader.java,
 * GetAllTopicConfigResponseHeader.java, GetTopicConfigRequestHeader.java.
 */
export const UpdateAndCreateTopic = new Command(RequestCode.UPDATE_AND_CREATE_TOPIC, {
  request: {
    topic: required.string,
    defaultTopic: required.string,
    readQueueNums: required.int,
    writeQueueNums: required.int,
    perm: required.int,
    topicFilterType: required.string,
    topicSysFlag: optional.int,
    order: required.boolean,
    attributes: optional.string,
    force: optional.boolean,
  },
  response: {},
});

export const GetAllTopicConfig = new Command(RequestCode.GET_ALL_TOPIC_CONFIG, {
  request: { topicSeq: optional.int, dataVersion: optional.string, maxTopicNum: optional.int },
  response: { totalTopicNum: optional.int },
});

export const GetTopicConfig = new Command(RequestCode.GET_TOPIC_CONFIG, {
  request: { topic: required.string, lo: optional.boolean },
  response: {},
});

export const DeleteTopicInBroker = new Command(RequestCode.DELETE_TOPIC_IN_BROKER, {
  request: { topic: required.string },
  response: {},
});

export const DeleteTopicInNamesrv = new Command(RequestCode.DELETE_TOPIC_IN_NAMESRV, {
  request: { topic: required.string, clusterName: optional.string },
  response: {},
});

export const RegisterTopicInNamesrv = new Command(RequestCode.REGISTER_TOPIC_IN_NAMESRV, {
  request: { topic: required.string },
  response: {},
});
