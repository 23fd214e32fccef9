import { required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import type { JsonReader } from '../json/index.js';
import { jsonBody } from './body/body-codec.js';
import { Command } from './command.js';

/**
 * VIEW_BROKER_STATS_DATA 315: statsName! statsKey! -> body = {statsDay: Item, statsHour: Item, statsMinute: Item};
 *   unknown name or key: code 1
 * Item = {avgpt, sum, tps}
 *
 * Source: remoting/protocol/body/BrokerStatsData.java, BrokerStatsItem.java.
 */
export const ViewBrokerStatsData = new Command(RequestCode.VIEW_BROKER_STATS_DATA, {
  request: { statsName: required.string, statsKey: required.string },
  response: {},
});

export interface BrokerStatsItem {
  sum: number;
  /** Per second. */
  tps: number;
  /** Mean value of one count. */
  avgpt: number;
}

export interface BrokerStatsData {
  statsMinute: BrokerStatsItem;
  statsHour: BrokerStatsItem;
  statsDay: BrokerStatsItem;
}

function readItem(reader: JsonReader | undefined): BrokerStatsItem {
  return {
    sum: reader?.number('sum', 0) ?? 0,
    tps: reader?.number('tps', 0) ?? 0,
    avgpt: reader?.number('avgpt', 0) ?? 0,
  };
}

function writeItem({ avgpt, sum, tps }: BrokerStatsItem): object {
  return { avgpt, sum, tps };
}

export const brokerStatsDataBody = jsonBody<BrokerStatsData>(
  'BrokerStatsData',
  (reader) => ({
    statsMinute: readItem(reader.object('statsMinute')),
    statsHour: readItem(reader.object('statsHour')),
    statsDay: readItem(reader.object('statsDay')),
  }),
  (data) => ({
    statsDay: writeItem(data.statsDay),
    statsHour: writeItem(data.statsHour),
    statsMinute: writeItem(data.statsMinute),
  }),
);
