import { z } from 'zod';
import { text } from './text.js';
import { defineCommand } from './command.js';

/** Restores the seeded demo data of a service. Refused if DEMO_DATA is off. Each service has its own pattern. */
const resetDemo = <const Owner extends string>(owner: Owner) =>
  defineCommand(
    `${owner}.reset-demo`,
    z.object({}),
    z.discriminatedUnion('ok', [
      z.object({ ok: z.literal(true) }),
      z.object({ ok: z.literal(false), code: z.literal('DEMO_DATA_OFF'), detail: text() }),
    ]),
  );

export const resetStockDemo = resetDemo('stock');
export const resetCouponDemo = resetDemo('coupon');
export const resetUserDemo = resetDemo('user');
export const resetPayDemo = resetDemo('pay');
