/**
 * The ids that the seed data of several services must agree on. Prices, balances and stock are each owner's own.
 * Present only where a service runs with DEMO_DATA=true.
 */
export const DEMO_CURRENCY = 'EUR';

export const DEMO_USERS = { ada: 'ada', grace: 'grace', linus: 'linus' } as const;

export const DEMO_GOODS = { teapot: 'teapot', lantern: 'lantern', globe: 'globe' } as const;

export const DEMO_COUPONS = {
  /** Ada's: 5.00 off from 10.00. */
  adaFive: 'ada-five',
  /** Ada's: 2.00 off, no minimum; a second one so that one can be used up. */
  adaTwo: 'ada-two',
  /** Grace's: 100.00 off from 500.00, so that most carts are refused. */
  graceHundred: 'grace-hundred',
  /** Linus's: expired. */
  linusExpired: 'linus-expired',
} as const;
