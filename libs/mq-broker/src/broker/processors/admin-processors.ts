import type { BrokerContext, Processor } from '../broker-context.js';
import { brokerStateProcessors } from './admin-broker-state.js';
import { clientProcessors } from './admin-clients.js';
import { consumeStatsProcessors } from './admin-consume-stats.js';
import { groupQueryProcessors } from './admin-group-queries.js';
import { groupProcessors } from './admin-groups.js';
import { statisticsProcessors } from './admin-statistics.js';
import { topicProcessors } from './admin-topics.js';

/**
 * The processors for administration tools, by request code. A processor that creates or removes state checks the names in the
 * request first. Source: broker/processor/AdminBrokerProcessor.java.
 */
export function createAdminProcessors(context: BrokerContext): Map<number, Processor> {
  return new Map([
    ...topicProcessors(context),
    ...groupProcessors(context),
    ...consumeStatsProcessors(context),
    ...groupQueryProcessors(context),
    ...clientProcessors(context),
    ...statisticsProcessors(context),
    ...brokerStateProcessors(context),
  ]);
}
