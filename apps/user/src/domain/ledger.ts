/**
 * The shop's accounts in the ledger. Money is never made or lost: every transaction has two entries whose sum is zero, one of a
 * buyer and one of the shop. Only buyers have a row in `accounts`. The shop's two accounts have entries only: every order would
 * update a row of the shop, and so wait for every other order.
 */
export const SHOP_ACCOUNT = {
  /** Gets what orders take from their buyers' balances. */
  orders: 'shop:orders',
  /** Gives the buyers their opening balances. */
  opening: 'shop:opening',
} as const;

/** The buyer's account in the ledger. */
export const buyerAccount = (userId: string) => `buyer:${userId}`;

/**
 * The id of a ledger transaction tells its purpose. So the ledger's primary key refuses a second transaction for one purpose,
 * even when every check before it has failed.
 */
export const ledgerTransactionId = {
  deduct: (orderId: string) => `deduct:${orderId}`,
  return: (orderId: string) => `return:${orderId}`,
  opening: (userId: string) => `opening:${userId}`,
} as const;
