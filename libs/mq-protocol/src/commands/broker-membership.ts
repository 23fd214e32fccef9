import { optional, required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { jsonBody } from './body/body-codec.js';
import { Command } from './command.js';
import { readBrokerData } from './topic-route.js';
import type { BrokerData } from './topic-route.js';

/**
 * BROKER_HEARTBEAT 904: clusterName! brokerAddr! brokerName! brokerId heartbeatTimeoutMills -> nothing
 * GET_BROKER_MEMBER_GROUP 901: clusterName! brokerName!
 *   -> body = {"brokerMemberGroup":{brokerAddrs, brokerName, cluster}}, without brokerMemberGroup when unknown
 *
 * Source: remoting/protocol/header/namesrv/BrokerHeartbeatRequestHeader.java, remoting/protocol/body/BrokerMemberGroup.java.
 */
export const BrokerHeartbeat = new Command(RequestCode.BROKER_HEARTBEAT, {
  request: {
    clusterName: required.string,
    brokerAddr: required.string,
    brokerName: required.string,
    brokerId: optional.long,
    heartbeatTimeoutMills: optional.long,
  },
  response: {},
});

export const GetBrokerMemberGroup = new Command(RequestCode.GET_BROKER_MEMBER_GROUP, {
  request: { clusterName: required.string, brokerName: required.string },
  response: {},
});

export type BrokerMemberGroup = Pick<BrokerData, 'cluster' | 'brokerName' | 'brokerAddrs'>;

export const brokerMemberGroupBody = jsonBody<BrokerMemberGroup | undefined>(
  'GetBrokerMemberGroupResponseBody',
  (reader) => {
    const group = reader.object('brokerMemberGroup');
    return group && readBrokerData(group.self, 'brokerMemberGroup');
  },
  (group) => ({
    brokerMemberGroup: group && {
      brokerAddrs: group.brokerAddrs,
      brokerName: group.brokerName,
      cluster: group.cluster,
    },
  }),
);
