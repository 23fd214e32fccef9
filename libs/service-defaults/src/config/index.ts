/** The light entry, for processes without a framework or a database: reads the environment and nothing else. */
export { ConfigurationError } from '../errors.js';
export { configField } from './fields.js';
export type { ConfigField, FieldOptions, FieldResult, HostPort } from './fields.js';
export { describeConfig, loadConfig, variableOf } from './load-config.js';
export type { ConfigFields, ConfigOf } from './load-config.js';
export { Secret } from './secret.js';
