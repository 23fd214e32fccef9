export { PayModule } from './app.module.js';
export { ClosePaymentConsumer } from './close-payment/close-payment.consumer.js';
export { ClosePaymentRpc } from './close-payment/close-payment.rpc.js';
export { databaseOptions } from './database/database-options.js';
export { loadPayConfig } from './pay.config.js';
export { PollChargesSweeper } from './poll-charges/poll-charges.sweeper.js';
export { RefundsSweeper } from './refund/refunds.sweeper.js';
