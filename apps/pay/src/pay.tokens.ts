/** Injection token of the pay service's configuration, an interface that Nest cannot see. */
export const PAY_CONFIG = Symbol('PAY_CONFIG');
