/**
 * The ledger's words. Money is never made or lost: every transaction has two entries whose sum is zero, one of a buyer
 * and one of the shop. Only buyers have a row in accounts; the shop's two accounts exist as entries alone, because a row
 * that every order updates would let every order wait for every other.
 */
export const SHOP_ACCOUNT = {
  /** Holds what buyers' orders took from their balances. */
  orders: 'shop:orders',
  /** Where opening balances come from. */
  opening: 'shop:opening',
} as const;

/** The buyer's account in the ledger. */
export const buyerAccount = (userId: string) => `buyer:${userId}`;

/**
 * The id of a ledger transaction says what it is for, so the ledger's own key refuses a second one for the same
 * purpose even if every guard before it had failed.
 */
export const ledgerTransactionId = {
  deduct: (orderId: string) => `deduct:${orderId}`,
  return: (orderId: string) => `return:${orderId}`,
  opening: (userId: string) => `opening:${userId}`,
} as const;
