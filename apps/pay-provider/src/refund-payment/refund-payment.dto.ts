import { z } from 'zod';

/** The simulator finishes every refund at once, so there is no other state. */
export const refundAnswerSchema = z.object({ refundId: z.string(), state: z.literal('SUCCEEDED') });
export type RefundAnswer = z.infer<typeof refundAnswerSchema>;
