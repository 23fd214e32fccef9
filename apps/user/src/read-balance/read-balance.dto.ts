import { amountSchema, currencySchema, userIdSchema } from '@rocketshop/contracts';
import { z } from 'zod';

export const balanceSchema = z.object({ userId: userIdSchema, balance: amountSchema, currency: currencySchema });
export type Balance = z.infer<typeof balanceSchema>;
