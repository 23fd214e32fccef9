import type { FaultPoint, ProgramName } from '@rocketshop/shop-testkit';

/** Services whose RPC interface the order service reaches through a fault proxy. */
export const BEHIND_FAULTS = ['stock', 'coupon'] as const;
export type ServiceBehindFaults = (typeof BEHIND_FAULTS)[number];

/** What the demo does to a running shop. The shop runs as processes or as containers. */
export interface ShopControl {
  /** Ends a program by SIGKILL, like a crash. */
  kill(program: ProgramName): Promise<void>;
  /** Starts the program again on its data. It is ready when the promise resolves. */
  start(program: ProgramName): Promise<void>;
  /** Makes faults between the order service and `service`. */
  faults(service: ServiceBehindFaults): FaultPoint;
  /** The TIME_SCALE of the shop. */
  readonly timeScale: number;
}
