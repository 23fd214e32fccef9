import {
  brokerStatsDataBody,
  createResponse,
  RequestRefusedError,
  ResponseCode,
  ViewBrokerStatsData,
} from '@rocketshop/mq-protocol';
import type { RemotingCommand } from '@rocketshop/mq-protocol';

import type { BrokerContext, Processor } from '../broker-context.js';
import type { BrokerStatistics } from '../statistics/broker-statistics.js';

export function statisticsProcessors(context: BrokerContext): [number, Processor][] {
  return [[ViewBrokerStatsData.code, (request) => viewStatistics(context, request)]];
}

/** The rates of the last minute. Hours and days are not counted for each topic; tools then show the minute. */
function viewStatistics({ statistics, config }: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { statsName, statsKey } = ViewBrokerStatsData.readRequest(request);
  const tps = tpsOf(statistics, config.brokerClusterName, statsName, statsKey);
  if (tps === undefined) {
    throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, `The stats <${statsName}> <${statsKey}> not exist`);
  }
  const none = { sum: 0, tps: 0, avgpt: 0 };
  const statsMinute = { sum: Math.round(tps * 60), tps, avgpt: tps > 0 ? 1 : 0 };
  const body = brokerStatsDataBody.encode({ statsMinute, statsHour: none, statsDay: none });
  return createResponse(request, ResponseCode.SUCCESS, { body });
}

/** Messages per second. Undefined for a key that is not counted. Source: store/stats/BrokerStatsManager.java. */
function tpsOf(statistics: BrokerStatistics, clusterName: string, name: string, key: string): number | undefined {
  switch (name) {
    case 'TOPIC_PUT_NUMS':
      return statistics.topicPutTps(key);
    case 'GROUP_GET_NUMS': {
      const [topic = '', group = ''] = key.split('@');
      return statistics.groupGetTps(group, topic);
    }
    case 'BROKER_PUT_NUMS':
      return key === clusterName ? lastMinute(statistics.putTps()) : undefined;
    case 'BROKER_GET_NUMS':
      return key === clusterName ? lastMinute(statistics.getTps()) : undefined;
    default:
      return undefined;
  }
}

/** The second of the three rates (10 s, 60 s, 600 s). */
function lastMinute(rates: string): number {
  return Number(rates.split(' ')[1] ?? 0);
}
