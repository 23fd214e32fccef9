/** Injection token of the coupon service's configuration, an interface that Nest cannot see. */
export const COUPON_CONFIG = Symbol('COUPON_CONFIG');
