import { z } from 'zod';

/** An amount on the wire: a whole number of minor units (cents), 0 or more, as text, so that no float can round it. */
export const amountSchema = z
  .string()
  .regex(/^(0|[1-9]\d{0,17})$/, 'must be a whole number of minor units as text, for example "1250" for 12.50');

/** ISO 4217 alphabetic code. */
export const currencySchema = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code, for example "EUR"');

export type Amount = z.infer<typeof amountSchema>;
export type Currency = z.infer<typeof currencySchema>;
