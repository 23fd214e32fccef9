/** Injection token of the provider's configuration, an interface that Nest cannot see. */
export const PAY_PROVIDER_CONFIG = Symbol('PAY_PROVIDER_CONFIG');
