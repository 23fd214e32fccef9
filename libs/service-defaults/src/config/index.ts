/** The light entry, for processes without a framework or a database. It loads zod and nothing else. */
export { configField } from './fields.js';
export type { ConfigField } from './fields.js';
export { loadConfig } from './load-config.js';
export type { ConfigOf } from './load-config.js';
export { internalFields } from './service-fields.js';
export { LOG_LEVELS } from '../logging/log-levels.js';
