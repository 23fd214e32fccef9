/** Injection token of the user service's configuration, an interface that Nest cannot see. */
export const USER_CONFIG = Symbol('USER_CONFIG');
