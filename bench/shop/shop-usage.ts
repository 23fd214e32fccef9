import { SERVICES } from '@rocketshop/shop-testkit';
import type { ShopSystem } from '@rocketshop/shop-testkit';
import { anonymousMemoryMiB, cpuSecondsOf, cpuSecondsOfTree } from '../measure/process-usage.js';

const PROGRAMS = [...SERVICES, 'pay-provider', 'broker', 'nameserver'] as const;

export interface ProcessUsage {
  readonly name: string;
  /** CPU as a share of one core. */
  readonly cpu: number;
  readonly microsPerOrder: number;
  readonly anonymousMiB: number;
}

/** CPU of all processes that take part in an order, with the buyers, from the creation of this object until `end`. */
export class ShopUsage {
  private readonly startedMs = performance.now();
  private readonly before: ReadonlyMap<string, number>;

  constructor(private readonly system: ShopSystem) {
    this.before = this.read();
  }

  end(orders: number): ProcessUsage[] {
    const seconds = (performance.now() - this.startedMs) / 1000;
    return [...this.read()].map(([name, cpuSeconds]) => {
      const used = cpuSeconds - (this.before.get(name) ?? 0);
      return {
        name,
        cpu: used / seconds,
        microsPerOrder: (used * 1e6) / orders,
        anonymousMiB: anonymousMemoryMiB(this.pidOf(name)),
      };
    });
  }

  private read(): Map<string, number> {
    const { user, system } = process.cpuUsage();
    const usage = new Map<string, number>();
    for (const program of PROGRAMS) usage.set(program, cpuSecondsOf(this.pidOf(program)));
    usage.set('PostgreSQL', cpuSecondsOfTree(this.pidOf('PostgreSQL')));
    if (this.system.redisServer?.pid !== undefined) usage.set('Redis', cpuSecondsOf(this.pidOf('Redis')));
    usage.set('buyers', (user + system) / 1e6);
    return usage;
  }

  private pidOf(name: string): number {
    if (name === 'PostgreSQL') return this.system.postgresPid;
    if (name === 'Redis') return this.system.redisServer?.pid ?? 0;
    const program = PROGRAMS.find((candidate) => candidate === name);
    return program ? this.system.process(program).pid : process.pid;
  }
}
