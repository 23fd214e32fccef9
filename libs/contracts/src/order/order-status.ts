import { z } from 'zod';

/** A PENDING order is a pre-order and invisible. The owner of an order may see every other status. */
export const orderStatusSchema = z.enum(['PENDING', 'CONFIRMED', 'PAID', 'CANCELLING', 'CANCELLED']);
export type OrderStatus = z.infer<typeof orderStatusSchema>;

/** The services that undo their part of an order and answer. An order is CANCELLED when all four have answered. */
export const participantSchema = z.enum(['stock', 'coupon', 'user', 'pay']);
export type Participant = z.infer<typeof participantSchema>;
export const PARTICIPANTS = participantSchema.options;
