export * from './errors.js';
export { createIdempotencyKeysTable, dropIdempotencyKeysTable } from './http/idempotency-keys-table.js';
export { fingerprint } from './http/fingerprint.js';
export type { FingerprintParts } from './http/fingerprint.js';
export {
  answerIdempotencyKey,
  asKeyTaken,
  insertIdempotencyKey,
  keyAnswerStatement,
  keyInsertStatement,
  purgeIdempotencyKeys,
} from './http/idempotency-store.js';
export type { IdempotencyClaim, KeptAnswer, KeyRow, StatementReader } from './http/idempotency-store.js';
export { Claim, Idempotent, IdempotencyInterceptor } from './http/idempotency.interceptor.js';
export { createConsumedMessagesTable, dropConsumedMessagesTable } from './consume/consumed-messages-table.js';
export { claimMessage, purgeConsumedMessages } from './consume/claim-message.js';
export { consumeOnce } from './consume/consume-once.js';
export type { ConsumeOnceOptions, ConsumeOutcome } from './consume/consume-once.js';
export { createInstallationTable, dropInstallationTable } from './hints/database-state.js';
export { RedisHints } from './hints/redis-hints.js';
export type { HintsStatus, RedisHintsOptions } from './hints/redis-hints.js';
export { AnswerHints } from './hints/answer-hints.js';
export { IdempotencyModule } from './idempotency.module.js';
export type { IdempotencyModuleOptions } from './idempotency.config.js';
