export * from './errors.js';
export { Secret } from './config/secret.js';
export type { KeyedSecret } from './config/secret.js';
export { configField } from './config/fields.js';
export type { ConfigField, HostPort } from './config/fields.js';
export { describeConfig, loadConfig } from './config/load-config.js';
export type { ConfigOf } from './config/load-config.js';
export {
  demoFields,
  httpFields,
  internalFields,
  processFields,
  scaledMs,
  serviceFields,
  tokenFields,
} from './config/service-fields.js';
export { createLogger } from './logging/create-logger.js';
export type { Logger } from './logging/create-logger.js';
export { aboutOrder, continueTrace, currentTrace, runWithTrace, traceHeaders } from './trace/trace-context.js';
export { JsonClient } from './http/json-client.js';
export type { JsonClientOptions } from './http/json-client.js';
export { isSuccess } from './http/json-client-exchange.js';
export { jsonFault } from './http/json-body.js';
export { RawBodyOnly } from './http/raw-body-only.js';
export { notFound, ProblemError } from './http/problem-error.js';
export { Metrics } from './health/metrics.js';
export { Readiness } from './health/readiness.js';
export { Database } from './database/database.js';
export { DatabaseModule } from './database/database.module.js';
export { connectAndMigrate } from './database/connect.js';
export { migrate } from './database/migrations.js';
export { runMigrations } from './database/run-migrations.js';
export { dataSourceOptions } from './database/data-source-options.js';
export type { DatabaseConfig, DatabaseOptions } from './database/data-source-options.js';
export { columnsOf } from './database/columns-of.js';
export { RpcClient } from './rpc/rpc-client.js';
export type { RpcClientOptions } from './rpc/rpc-client.js';
export { provideRpcClient } from './rpc/provide-rpc-client.js';
export type { CallAnswer, CallData, CallOptions, RemoteCommand } from './rpc/remote-command.js';
export { CallDeadline, deadlinePassed } from './rpc/deadline.js';
export { BuyerTokens } from './auth/buyer-tokens.js';
export { Buyer, BuyerGuard } from './auth/buyer.guard.js';
export type { BuyerIdentity } from './auth/buyer.guard.js';
export { LOGGER } from './lifecycle/service-defaults.module.js';
export { createService } from './lifecycle/create-service.js';
export type { Service, ServiceOptions } from './lifecycle/create-service.js';
export { RepeatingTask } from './lifecycle/repeating-task.js';
export { runService } from './lifecycle/run-service.js';
