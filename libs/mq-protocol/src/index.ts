export * from './errors.js';
export * from './thrown.js';
export * from './tables/index.js';
export * from './frame/index.js';
export * from './message/index.js';
export * from './peer/index.js';
export * from './json/index.js';
export * from './commands/index.js';
export { HeaderSchema, type HeaderOf } from './header/header-schema.js';
