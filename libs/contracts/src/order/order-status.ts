import { z } from 'zod';

/** PENDING is the invisible pre-order; every other status may be shown to the order's owner. */
export const orderStatusSchema = z.enum(['PENDING', 'CONFIRMED', 'PAID', 'CANCELLING', 'CANCELLED']);
export type OrderStatus = z.infer<typeof orderStatusSchema>;

/** The services that undo their part of an order and answer; an order is CANCELLED when all four have. */
export const participantSchema = z.enum(['stock', 'coupon', 'user', 'pay']);
export type Participant = z.infer<typeof participantSchema>;
export const PARTICIPANTS = participantSchema.options;
