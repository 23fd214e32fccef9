import type { abandonOrder, PayloadOf } from '@rocketshop/contracts';
import type { OutboxRow } from '@rocketshop/outbox';
import { traceHeaders } from '@rocketshop/service-defaults';
import { timerDelayMs } from './timer-delay.js';

/** Every timer says the same: look at this order now. */
type TimerPayload = PayloadOf<typeof abandonOrder>;

/** The message that comes back when `dueInMs` are over, or earlier where no delay level reaches that far. */
export function timerMessage(topic: string, orderId: string, dueInMs: number, timeScale: number): OutboxRow {
  const payload: TimerPayload = { version: 1, orderId };
  return { topic, key: orderId, payload, delayMs: timerDelayMs(dueInMs, timeScale), headers: traceHeaders() };
}
