export { MessageStore } from './message-store.js';
export type { MessageReader, ReadOptions } from './read/message-reader.js';
export type { MessageStoreOptions } from './store.options.js';
export type {
  AppendResult,
  AppendStatus,
  BoundaryType,
  DamagedRange,
  FlushDiskType,
  GetResult,
  GetStatus,
  MessageDraft,
  QueueState,
  RecordAllocator,
  TagMatcher,
} from './store.types.js';
export {
  ConfigFileBrokenError,
  StoreCorruptedError,
  StoreError,
  StoreLockedError,
  StoreOptionsError,
  SyncFailedError,
  WriteFailedError,
} from './store.errors.js';
export type { StoreErrorCode } from './store.errors.js';
export { ConfigFile } from './config/config-file.js';
export type { ConfigFileContent } from './config/config-file.js';
export { ConsumerOffsetStore } from './offsets/consumer-offset-store.js';
export type { ConsumerOffset } from './offsets/consumer-offset-store.js';
export type { Disk, DiskFile } from './disk.js';
export { NodeDisk } from './node-disk.js';
