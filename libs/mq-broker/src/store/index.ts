export { MessageStore } from './message-store.js';
export type { MessageReader, ReadOptions } from './read/message-reader.js';
export type { MessageStoreOptions } from './store.options.js';
export type { AppendStatus, GetResult, GetStatus, MessageDraft, TagMatcher } from './store.types.js';
export { StoreError, type StoreErrorCode } from './store.errors.js';
export { ConfigFile } from './config/config-file.js';
export { ConsumerOffsetStore } from './offsets/consumer-offset-store.js';
