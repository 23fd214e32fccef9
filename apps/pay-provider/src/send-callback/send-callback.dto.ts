import { z } from 'zod';

export const callbackAnswersSchema = z.object({
  callbacks: z.array(
    z.object({
      eventId: z.string(),
      /** Status of the receiver's answer, null if there was no answer. */
      status: z.int().nullable(),
    }),
  ),
});
export type CallbackAnswers = z.infer<typeof callbackAnswersSchema>;
