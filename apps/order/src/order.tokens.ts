/** Injection token of the order service's configuration, an interface that Nest cannot see. */
export const ORDER_CONFIG = Symbol('ORDER_CONFIG');
