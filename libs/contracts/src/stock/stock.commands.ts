import { z } from 'zod';
import { defineCommand, defineRead, refusal } from '../command.js';
import { text } from '../text.js';
import { goodsIdSchema, orderIdSchema, orderLinesSchema } from '../identifiers.js';
import { amountSchema, currencySchema } from '../money.js';

/** The stock service alone sets the prices. The order keeps them as a snapshot. */
export const quoteGoods = defineRead(
  'stock.quote-goods',
  z.object({ items: orderLinesSchema }),
  z.discriminatedUnion('ok', [
    z.object({
      ok: z.literal(true),
      currency: currencySchema,
      items: z.array(z.object({ goodsId: goodsIdSchema, name: text(), quantity: z.int(), unitPrice: amountSchema })),
    }),
    refusal(['GOODS_NOT_FOUND', 'OUT_OF_STOCK']),
  ]),
);

/** order-cancelled undoes it. A second call for the same order returns the first answer. */
export const deductStock = defineCommand(
  'stock.deduct-stock',
  z.object({ orderId: orderIdSchema, items: orderLinesSchema }),
  z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true) }),
    refusal(['OUT_OF_STOCK', 'GOODS_NOT_FOUND', 'ORDER_FENCED', 'DEADLINE_PASSED']),
  ]),
);
