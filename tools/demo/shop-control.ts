import type { FaultPoint, ProgramName } from '@rocketshop/shop-testkit';

/** Services whose RPC interface the order service reaches through a fault proxy. */
export const BEHIND_FAULTS = ['stock', 'coupon'] as const;
export type ServiceBehindFaults = (typeof BEHIND_FAULTS)[number];

/** What the demo does to a running shop, whether it runs as processes or as containers. */
export interface ShopControl {
  /** An orderly end. */
  stop(program: ProgramName): Promise<void>;
  /** What a crash looks like. */
  kill(program: ProgramName): Promise<void>;
  /** The same program on the same data; ready when it resolves. */
  start(program: ProgramName): Promise<void>;
  /** Where faults are made between the order service and this one. */
  faults(service: ServiceBehindFaults): FaultPoint;
  /** What the clock knob is set to. */
  readonly timeScale: number;
}
