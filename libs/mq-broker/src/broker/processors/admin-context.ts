import type { BrokerContext } from '../broker-context.js';
import type { SubscriptionGroupManager } from '../groups/index.js';
import type { TopicConfigManager } from '../topics/index.js';

/** Administration changes the tables others only read. */
export interface AdminContext extends BrokerContext {
  readonly topics: TopicConfigManager;
  readonly groups: SubscriptionGroupManager;
}
