export const SERVICES = ['order', 'stock', 'coupon', 'user', 'pay'] as const;
export type ServiceName = (typeof SERVICES)[number];
export type ProgramName = ServiceName | 'pay-provider' | 'nameserver' | 'broker';
