export type { ConfigStorage } from './config-storage.js';
export { DeferredSave } from './deferred-save.js';
export { formatJavaProperties, parseJavaProperties } from './java-properties.js';
