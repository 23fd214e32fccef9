import { z } from 'zod';

const name = (what: string) =>
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, `must be a ${what}: 1 to 64 letters, digits, "-" or "_"`);

export const orderIdSchema = z.uuid();
export const paymentIdSchema = z.uuid();
export const userIdSchema = name('user id');
export const goodsIdSchema = name('goods id');
export const couponIdSchema = name('coupon id');

/** An instant is RFC 3339 text in UTC. */
export const instantSchema = z.iso.datetime();

const orderLineSchema = z.object({ goodsId: goodsIdSchema, quantity: z.int().min(1).max(1000) });

const linesOf = <Line extends z.ZodType<{ goodsId: string }>>(line: Line) =>
  z
    .array(line)
    .min(1)
    .max(20)
    .refine(
      (lines) => new Set(lines.map(({ goodsId }) => goodsId)).size === lines.length,
      'each goods id may appear once',
    );

/** The goods of an order with their quantities. A goods id appears once. */
export const orderLinesSchema = linesOf(orderLineSchema);

/** Order lines as a buyer sends them. A line with another field, such as a price, is refused. */
export const strictOrderLinesSchema = linesOf(z.strictObject(orderLineSchema.shape));

export type OrderLine = z.infer<typeof orderLinesSchema>[number];
