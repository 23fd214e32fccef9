export { AbandonOrderConsumer } from './abandon-order/abandon-order.consumer.js';
export { OrderModule } from './app.module.js';
export { ParticipantAnsweredConsumer } from './cancel-order/participant-answered.consumer.js';
export { CloseUnpaidConsumer } from './close-unpaid/close-unpaid.consumer.js';
export { loadOrderConfig } from './order.config.js';
export {
  PaymentBeforeConfirmError,
  PaymentMismatchError,
  PaymentSucceededConsumer,
} from './record-payment/payment-succeeded.consumer.js';
export { OrdersSweeper } from './sweep-orders/orders.sweeper.js';
