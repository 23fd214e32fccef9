import { z } from 'zod';

export const resetDemoSchema = z.object({ reset: z.literal(true) });
export type ResetDemo = z.infer<typeof resetDemoSchema>;
