export type { ClientChannel } from './client-channel.js';
export type { ConsumerGroupInfo } from './consumer-group-info.js';
export { ConsumerManager } from './consumer-manager.js';
export { ProducerManager } from './producer-manager.js';
export { SubscriptionGroupManager } from './subscription-group-manager.js';
