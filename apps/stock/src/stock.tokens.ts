/** Injection token of the stock service's configuration, an interface that Nest cannot see. */
export const STOCK_CONFIG = Symbol('STOCK_CONFIG');
