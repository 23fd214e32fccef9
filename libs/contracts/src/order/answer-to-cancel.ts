import type { PayloadOf } from '../message.js';
import { orderCompensated } from './order-events.js';

type Answer = PayloadOf<typeof orderCompensated>;

/** A participant's answer to order-cancelled, as a row for the outbox. */
export function answerToCancel(participant: Answer['participant'], orderId: string, outcome: Answer['outcome']) {
  const payload: Answer = { version: 1, orderId, participant, outcome, compensatedAt: new Date().toISOString() };
  return { topic: orderCompensated.topic, key: orderId, payload };
}
