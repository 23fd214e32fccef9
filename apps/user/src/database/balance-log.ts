import { ParticipantLog } from '@rocketshop/participant';

/** What one order took from its buyer's balance. The amount is in minor units. */
export type BalanceTaken = { readonly user_id: string; readonly amount: bigint; readonly currency: string };

/** The tables balance_success_log and balance_compensation_log: one row for each order. */
export const balanceLog = new ParticipantLog<BalanceTaken>({
  name: 'balance',
  taken: { user_id: 'text', amount: 'bigint', currency: 'text' },
  another: 'another amount',
});
