import { userIdSchema } from '@rocketshop/contracts';
import { z } from 'zod';

export const issueTokenSchema = z.strictObject({ userId: userIdSchema });
export type IssueToken = z.infer<typeof issueTokenSchema>;

export const issuedTokenSchema = z.object({
  /** For the header `Authorization: Bearer <token>`. */
  token: z.string(),
  expiresInSeconds: z.int(),
});
export type IssuedToken = z.infer<typeof issuedTokenSchema>;
