import type { abandonOrder, PayloadOf } from '@rocketshop/contracts';
import type { OutboxRow } from '@rocketshop/outbox';
import { traceHeaders } from '@rocketshop/service-defaults';

/** The longest delay level of RocketMQ, before TIME_SCALE divides it. */
const LONGEST_LEVEL_MS = 2 * 60 * 60_000;

/** Every timer says the same: look at this order now. */
type TimerPayload = PayloadOf<typeof abandonOrder>;

/** A message that is delivered after `dueInMs`, or earlier where no delay level reaches that far. */
export function timerMessage(topic: string, orderId: string, dueInMs: number, timeScale: number): OutboxRow {
  const payload: TimerPayload = { version: 1, orderId };
  return { topic, key: orderId, payload, delayMs: timerDelayMs(dueInMs, timeScale), headers: traceHeaders() };
}

/**
 * The due time may be further away than the longest delay level. The timer is then set for the longest level, comes early, and
 * is set again.
 */
export function timerDelayMs(dueInMs: number, timeScale: number): number {
  return Math.min(Math.ceil(dueInMs), Math.floor(LONGEST_LEVEL_MS / timeScale));
}
