import { orderCancelled, orderCompensated } from './order/order-events.js';
import { abandonOrder, closeUnpaidOrder } from './order/order-timers.js';
import { paymentSucceeded } from './pay/payment-events.js';

/** Who publishes what: topic to services. Every consumer checks it. */
export const MESSAGE_SENDERS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [orderCancelled, orderCompensated, abandonOrder, closeUnpaidOrder, paymentSucceeded].map(({ topic, from }) => [
    topic,
    from,
  ]),
);
