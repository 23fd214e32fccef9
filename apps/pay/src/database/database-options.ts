import type { DatabaseConfig, DatabaseOptions } from '@rocketshop/service-defaults';
import { PaymentEntity } from './entities/payment.entity.js';
import { RefundEntity } from './entities/refund.entity.js';
import { CreatePay1780000000000 } from './migrations/1780000000000-create-pay.js';
import { FollowCharges1790000000000 } from './migrations/1790000000000-follow-charges.js';
import { OutboxLeases1790000000001 } from './migrations/1790000000001-outbox-leases.js';

/** The service's own database: its entities, and the migrations that make it. */
export const databaseOptions = (config: DatabaseConfig): DatabaseOptions => ({
  url: config.databaseUrl.reveal(),
  migrationUrl: config.migrationDatabaseUrl?.reveal(),
  poolMax: config.databasePoolMax,
  batchLockTimeoutMs: config.batchLockTimeoutMs,
  entities: [PaymentEntity, RefundEntity],
  migrations: [CreatePay1780000000000, FollowCharges1790000000000, OutboxLeases1790000000001],
  applicationName: 'pay',
});
