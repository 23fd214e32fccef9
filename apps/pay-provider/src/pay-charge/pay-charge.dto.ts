import { amountSchema, currencySchema } from '@rocketshop/contracts';
import { z } from 'zod';

/** False contents of the callback. The signature is correct, so only a receiver that compares the fields notices. */
const claimSchema = z.strictObject({
  amount: amountSchema.exactOptional(),
  currency: currencySchema.exactOptional(),
  orderId: z.string().min(1).max(64).exactOptional(),
  paymentId: z.string().min(1).max(64).exactOptional(),
  merchantId: z.string().min(1).max(64).exactOptional(),
});

/** The misbehaviour of the provider for this one payment. By default it behaves well. */
export const payModesSchema = z
  .strictObject({
    /** Further copies of each callback, all sent at the same time. */
    duplicates: z.int().min(0).max(100).default(0),
    /** Real milliseconds before the first callback. */
    delayMs: z.int().min(0).max(3_600_000).default(0),
    /** Takes the buyer's money twice: two transactions, two events. */
    chargeTwice: z.boolean().default(false),
    /** Sends the callback of the second transaction first. */
    reversed: z.boolean().default(false),
    /** Takes the money, and sends no callback until POST .../callbacks asks for it. */
    silent: z.boolean().default(false),
    /** Signs with a random secret. Sent once. */
    badSignature: z.boolean().default(false),
    /** Age of the signature. Sent once. */
    signatureAgeSeconds: z.int().min(0).max(1_000_000).default(0),
    claim: claimSchema.default({}),
  })
  .default({
    duplicates: 0,
    delayMs: 0,
    chargeTwice: false,
    reversed: false,
    silent: false,
    badSignature: false,
    signatureAgeSeconds: 0,
    claim: {},
  });
export type PayModes = z.infer<typeof payModesSchema>;
