export { PayModule } from './app.module.js';
export { ClosePaymentRpc } from './close-payment/close-payment.rpc.js';
export { OrderCancelledConsumer } from './close-payment/order-cancelled.consumer.js';
export { loadPayConfig } from './pay.config.js';
export { RefundsSweeper } from './refund/refunds.sweeper.js';
