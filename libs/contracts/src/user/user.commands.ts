import { z } from 'zod';
import { deadlineSchema, defineCommand, refusal } from '../command.js';
import { orderIdSchema, userIdSchema } from '../identifiers.js';
import { amountSchema, currencySchema } from '../money.js';

/** May this buyer order, and could his balance cover what he asks to take from it? */
export const checkUser = defineCommand(
  'user.check-user',
  z.object({ userId: userIdSchema, balanceToUse: amountSchema, currency: currencySchema }),
  z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true) }),
    refusal(['USER_NOT_FOUND', 'BALANCE_TOO_SMALL', 'BALANCE_WRONG_CURRENCY']),
  ]),
);

/** Undone by order-cancelled. The same order again returns the first answer. */
export const deductBalance = defineCommand(
  'user.deduct-balance',
  z.object({
    orderId: orderIdSchema,
    userId: userIdSchema,
    amount: amountSchema,
    currency: currencySchema,
    deadline: deadlineSchema,
  }),
  z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true) }),
    refusal(['USER_NOT_FOUND', 'BALANCE_TOO_SMALL', 'BALANCE_WRONG_CURRENCY', 'ORDER_FENCED', 'DEADLINE_PASSED']),
  ]),
);
