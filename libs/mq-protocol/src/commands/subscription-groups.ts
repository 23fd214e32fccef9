import { optional, required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { jsonBody } from './body/body-codec.js';
import { readSubscriptionGroupConfig, writeSubscriptionGroupConfig } from './body/subscription-group-config.js';
import type { SubscriptionGroupConfig } from './body/subscription-group-config.js';
import { Command } from './command.js';

/**
 * UPDATE_AND_CREATE_SUBSCRIPTIONGROUP 200: body = SubscriptionGroupConfig -> nothing
 * UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST 225: body = {"groupConfigList":[SubscriptionGroupConfig]} -> nothing
 * GET_ALL_SUBSCRIPTIONGROUP_CONFIG 201: groupSeq dataVersion maxGroupNum (5.x pages)
 *                                       -> totalGroupNum, body = SubscriptionGroupTable
 * GET_SUBSCRIPTIONGROUP_CONFIG 352: group! -> body = SubscriptionGroupConfig; code 26
 * DELETE_SUBSCRIPTIONGROUP 207: groupName! cleanOffset -> nothing
 *
 * Source: remoting/protocol/header/DeleteSubscriptionGroupRequestHeader.java and its neighbours.
 */
export const UpdateAndCreateSubscriptionGroup = new Command(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, {
  request: {},
  response: {},
});

export const UpdateAndCreateSubscriptionGroupList = new Command(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, {
  request: {},
  response: {},
});

/** Source: remoting/protocol/body/SubscriptionGroupList.java. */
export const subscriptionGroupListBody = jsonBody<SubscriptionGroupConfig[]>(
  'SubscriptionGroupList',
  (reader) => reader.array('groupConfigList', readSubscriptionGroupConfig),
  (groupConfigList) => ({ groupConfigList: groupConfigList.map(writeSubscriptionGroupConfig) }),
);

export const GetAllSubscriptionGroupConfig = new Command(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, {
  request: { groupSeq: optional.int, dataVersion: optional.string, maxGroupNum: optional.int },
  response: { totalGroupNum: optional.int },
});

export const GetSubscriptionGroupConfig = new Command(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, {
  request: { group: required.string },
  response: {},
});

export const DeleteSubscriptionGroup = new Command(RequestCode.DELETE_SUBSCRIPTIONGROUP, {
  request: { groupName: required.string, cleanOffset: optional.boolean },
  response: {},
});
