import { z } from 'zod';
import { defineCommand, defineRead, refusal } from '../command.js';
import { orderIdSchema, userIdSchema } from '../identifiers.js';
import { amountSchema, currencySchema } from '../money.js';

/** Asks whether the buyer exists and whether the balance covers `balanceToUse`. */
export const checkUser = defineRead(
  'user.check-user',
  z.object({ userId: userIdSchema, balanceToUse: amountSchema, currency: currencySchema }),
  z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true) }),
    refusal(['USER_NOT_FOUND', 'BALANCE_TOO_SMALL', 'BALANCE_WRONG_CURRENCY']),
  ]),
);

/** order-cancelled undoes it. A second call for the same order returns the first answer. */
export const deductBalance = defineCommand(
  'user.deduct-balance',
  z.object({
    orderId: orderIdSchema,
    userId: userIdSchema,
    amount: amountSchema,
    currency: currencySchema,
  }),
  z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true) }),
    refusal(['USER_NOT_FOUND', 'BALANCE_TOO_SMALL', 'BALANCE_WRONG_CURRENCY', 'ORDER_FENCED', 'DEADLINE_PASSED']),
  ]),
);
