import type { FaultProxy, ProgramName, ServiceName } from '@rocketshop/test';

/** What the demo does to a running shop, whether it runs as processes or as containers. */
export interface ShopControl {
  /** An orderly end. */
  stop(program: ProgramName): Promise<void>;
  /** What a crash looks like. */
  kill(program: ProgramName): Promise<void>;
  /** The same program on the same data; ready when it resolves. */
  start(program: ProgramName): Promise<void>;
  /** The fault proxy before a service's RPC interface; undefined where there is none. */
  proxy(service: ServiceName): FaultProxy | undefined;
  /** What the clock knob is set to. */
  readonly timeScale: number;
}
