import { ProxyFaultPoint, untilReady, type ProgramName, type ShopSystem } from '@rocketshop/shop-testkit';
import type { ShopControl } from './shop-control.js';

const isMessaging = (program: ProgramName) => program === 'broker' || program === 'nameserver';

/** Control over a shop that this process has started. */
export function controlProcesses(system: ShopSystem): ShopControl {
  return {
    timeScale: system.timeScale,
    stop: async (program) => void (await system.stopProgram(program)),
    kill: (program) => system.killProgram(program),
    start: async (program) => {
      await system.startProgram(program);
      if (program !== 'broker' && program !== 'nameserver') await untilReady(system.url(program));
      // A service is ready again when it has found the broker: until then messages wait in the outbox.
      if (isMessaging(program)) await untilReady(system.url('order'));
    },
    faults: (service) => new ProxyFaultPoint(system.proxy(service)),
  };
}
