/**
 * The ids that the seed data of several services share. Each owner sets its own prices, balances and stock.
 * The data exists only in services that run with DEMO_DATA=true.
 */
export const DEMO_CURRENCY = 'EUR';

export const DEMO_USERS = { ada: 'ada', grace: 'grace', linus: 'linus' } as const;

export const DEMO_GOODS = { teapot: 'teapot', lantern: 'lantern', globe: 'globe' } as const;

export const DEMO_COUPONS = {
  /** Ada's coupon: 5.00 off a total of at least 10.00. */
  adaFive: 'ada-five',
  /** Ada's coupon: 2.00 off, no minimum. Ada has it besides the other one, which a demo may use up. */
  adaTwo: 'ada-two',
  /** Grace's coupon: 100.00 off a total of at least 500.00, so that most orders are refused. */
  graceHundred: 'grace-hundred',
  /** Linus's coupon, which is expired. */
  linusExpired: 'linus-expired',
} as const;
