import { amountSchema, currencySchema } from '@rocketshop/contracts';
import { z } from 'zod';

/** What the callback claims in place of the truth. It is signed correctly: only a receiver that compares will notice. */
const claimSchema = z.strictObject({
  amount: amountSchema.optional(),
  currency: currencySchema.optional(),
  orderId: z.string().min(1).max(64).optional(),
  paymentId: z.string().min(1).max(64).optional(),
  merchantId: z.string().min(1).max(64).optional(),
});

/** How the provider shall behave for this one payment. Nothing set: it behaves well. */
export const payModesSchema = z
  .strictObject({
    /** Copies of each callback beside the first, all at the same time. */
    duplicates: z.int().min(0).max(100).default(0),
    /** Real milliseconds before the first callback. */
    delayMs: z.int().min(0).max(3_600_000).default(0),
    /** The buyer's money is taken twice: two transactions, two events. */
    chargeTwice: z.boolean().default(false),
    /** The callback of the second transaction leaves first. */
    reversed: z.boolean().default(false),
    /** The money is taken and no callback is sent until POST .../callbacks asks for it. */
    silent: z.boolean().default(false),
    /** Signed with a secret that is nobody's; tried once. */
    badSignature: z.boolean().default(false),
    /** Signed that many seconds ago; tried once. */
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
