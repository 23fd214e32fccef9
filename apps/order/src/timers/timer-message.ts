import type { abandonOrder, PayloadOf } from '@rocketshop/contracts';
import type { OutboxRow } from '@rocketshop/outbox';
import { traceHeaders } from '@rocketshop/service-defaults';

/** The longest delay level of RocketMQ, before TIME_SCALE divides it. */
const LONGEST_LEVEL_MS = 2 * 60 * 60_000;

/** All timer messages have the same payload. */
type TimerPayload = PayloadOf<typeof abandonOrder>;

/** A message that is delivered after `dueInMs`, or earlier when the longest delay level is shorter. */
export function timerMessage(topic: string, orderId: string, dueInMs: number, timeScale: number): OutboxRow {
  const payload: TimerPayload = { version: 1, orderId };
  return { topic, key: orderId, payload, delayMs: timerDelayMs(dueInMs, timeScale), headers: traceHeaders() };
}

/**
 * The due time may be further away than the longest delay level. The message then has the longest level, comes early, and is
 * sent again.
 */
export function timerDelayMs(dueInMs: number, timeScale: number): number {
  return Math.min(Math.ceil(dueInMs), Math.floor(LONGEST_LEVEL_MS / timeScale));
}
