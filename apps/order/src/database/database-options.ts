import type { DatabaseConfig, DatabaseOptions } from '@rocketshop/service-defaults';
import { OrderItemEntity } from './entities/order-item.entity.js';
import { OrderEntity } from './entities/order.entity.js';
import { CreateOrder1780000000000 } from './migrations/1780000000000-create-order.js';
import { KeepCancelRequests1790000000000 } from './migrations/1790000000000-keep-cancel-requests.js';
import { OutboxLeases1790000000001 } from './migrations/1790000000001-outbox-leases.js';

/** The service's own database: its entities, and the migrations that make it. */
export const databaseOptions = (config: DatabaseConfig): DatabaseOptions => ({
  url: config.databaseUrl.reveal(),
  migrationUrl: config.migrationDatabaseUrl?.reveal(),
  poolMax: config.databasePoolMax,
  batchLockTimeoutMs: config.batchLockTimeoutMs,
  entities: [OrderEntity, OrderItemEntity],
  migrations: [CreateOrder1780000000000, KeepCancelRequests1790000000000, OutboxLeases1790000000001],
  applicationName: 'order',
});
