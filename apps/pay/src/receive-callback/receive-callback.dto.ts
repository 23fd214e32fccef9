import { z } from 'zod';
import { CALLBACK_OUTCOMES } from '../domain/callback-outcome.js';

export const callbackAnswerSchema = z.object({ outcome: z.enum(CALLBACK_OUTCOMES) });
export type CallbackAnswer = z.infer<typeof callbackAnswerSchema>;
