export { applyAttributeChange } from './topic-attributes.js';
export { createTopicConfig } from './topic-config.js';
export { QUEUE_NUMS_MAX, TopicConfigManager } from './topic-config-manager.js';
