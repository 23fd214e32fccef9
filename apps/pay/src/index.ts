export { PayModule } from './app.module.js';
export { ClosePaymentRpc } from './close-payment/close-payment.rpc.js';
export { OrderCancelledConsumer } from './close-payment/order-cancelled.consumer.js';
export { loadPayConfig, type PayConfig } from './pay.config.js';
export { verifyCallbackSignature, type SignatureVerdict } from './receive-callback/callback-signature.js';
export { RefundsSweeper } from './refund/refunds.sweeper.js';
