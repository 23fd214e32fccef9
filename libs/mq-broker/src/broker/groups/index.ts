export { ConsumerManager, type ConsumerManagerOptions } from './consumer-manager.js';
export { OnlineGroup, type ClientPresence } from './online-group.js';
export { ProducerManager, type ProducerManagerOptions } from './producer-manager.js';
export {
  GroupLimitError,
  SubscriptionGroupManager,
  type SubscriptionGroupManagerOptions,
} from './subscription-group-manager.js';
