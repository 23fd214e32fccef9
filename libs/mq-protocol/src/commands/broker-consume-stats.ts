import { required } from '../header/header-schema.js';
import { JsonReader } from '../json/index.js';
import { RequestCode } from '../tables/request-code.js';
import { jsonBody } from './body/body-codec.js';
import { Command } from './command.js';
import { readConsumeStats, writeConsumeStats } from './consume-stats.js';
import type { ConsumeStats } from './consume-stats.js';

/**
 * GET_BROKER_CONSUME_STATS 317: isOrder! -> body = {brokerAddr, consumeStatsList: [{group: [ConsumeStats]}], totalDiff,
 * totalInflightDiff}; a ConsumeStats (consume-stats.ts) for each topic of the group
 *
 * Source: remoting/protocol/body/ConsumeStatsList.java.
 */
export const GetBrokerConsumeStats = new Command(RequestCode.GET_BROKER_CONSUME_STATS, {
  request: { isOrder: required.boolean },
  response: {},
});

export interface BrokerConsumeStats {
  brokerAddr: string;
  /** group -> one entry for each topic. */
  groups: Map<string, ConsumeStats[]>;
  /** Messages that wait, over all groups. */
  totalDiff: number;
}

export const brokerConsumeStatsBody = jsonBody<BrokerConsumeStats>(
  'ConsumeStatsList',
  (reader) => ({
    brokerAddr: reader.string('brokerAddr', ''),
    groups: new Map(
      reader
        .array('consumeStatsList', (item, path) => Object.entries(JsonReader.of(item, path).self))
        .flat()
        .map(([group, stats]) => [
          group,
          (Array.isArray(stats) ? stats : []).map((each) => readConsumeStats(JsonReader.of(each, group))),
        ]),
    ),
    totalDiff: reader.number('totalDiff', 0),
  }),
  ({ brokerAddr, groups, totalDiff }) => ({
    brokerAddr,
    consumeStatsList: [...groups].map(([group, stats]) => new Map([[group, stats.map(writeConsumeStats)]])),
    totalDiff,
    totalInflightDiff: 0,
  }),
);
