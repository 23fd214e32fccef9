export * from './language-code.js';
export * from './message-const.js';
export * from './request-code.js';
export * from './response-code.js';
export * from './sys-flag.js';
export * from './topic-name.js';
export * from './version.js';
