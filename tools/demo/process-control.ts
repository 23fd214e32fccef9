import { ProxyFaultPoint, untilReady } from '@rocketshop/shop-testkit';
import type { ProgramName, ShopSystem } from '@rocketshop/shop-testkit';
import type { ShopControl } from './shop-control.js';

const isMessaging = (program: ProgramName): program is 'broker' | 'nameserver' =>
  program === 'broker' || program === 'nameserver';

/** Controls a shop that this process has started. */
export function controlProcesses(system: ShopSystem): ShopControl {
  return {
    timeScale: system.timeScale,
    kill: (program) => system.killProgram(program),
    start: async (program) => {
      await system.startProgram(program);
      // The order service is ready again when it has found the broker. Until then messages wait in the outbox.
      await untilReady(system.internalUrl(isMessaging(program) ? 'order' : program));
    },
    faults: (service) => new ProxyFaultPoint(system.proxy(service)),
  };
}
