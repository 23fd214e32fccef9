export { AbandonOrderConsumer } from './abandon-order/abandon-order.consumer.js';
export { OrderModule } from './app.module.js';
export * as STATEMENTS from './database/statements.js';
export { CloseUnpaidConsumer } from './close-unpaid/close-unpaid.consumer.js';
export { FinishCancelConsumer } from './finish-cancel/finish-cancel.consumer.js';
export { loadOrderConfig } from './order.config.js';
export { RecordPaymentConsumer } from './record-payment/record-payment.consumer.js';
export { PaymentBeforeConfirmError, PaymentMismatchError } from './record-payment/record-payment.service.js';
export { OrdersSweeper } from './sweep-orders/orders.sweeper.js';
