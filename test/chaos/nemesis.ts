import { createPool, SERVICES, until, vanish } from '@rocketshop/shop-testkit';
import type { GateName, ServiceName, ShopSystem } from '@rocketshop/shop-testkit';
import { Redis } from 'ioredis';
import type { History } from './history.js';
import type { Fault, PlannedFault } from './plan.js';
import { Random } from './random.js';

type End = () => Promise<void> | void;

/** A program may fail to start while PostgreSQL or the broker is away. It is started again until it runs. */
const RESTART = { timeoutMs: 180_000, intervalMs: 500 };

/** Makes the faults of a plan. A fault waits until another fault of the same target is over. */
export class Nemesis {
  /** What is broken now, for the progress line. */
  readonly broken = new Set<string>();
  made = 0;
  /** Faults that could not be made or ended. Such a run shows nothing, so it counts as a violation. */
  readonly failures: string[] = [];
  private readonly lastOf = new Map<string, Promise<void>>();
  private readonly ending = new Set<() => void>();
  private healed = false;

  constructor(
    private readonly system: ShopSystem,
    private readonly history: History,
  ) {}

  /** Makes a fault, and ends it after its time or when {@link heal} is called. */
  make(planned: PlannedFault): Promise<void> {
    const target = targetOf(planned.fault);
    const before = this.lastOf.get(target) ?? Promise.resolve();
    const work = before
      .then(() => this.run(planned))
      .catch((error: unknown) => {
        this.failures.push(`FAULT ${describeFault(planned.fault)} did not go as planned: ${String(error)}`);
      });
    this.lastOf.set(target, work);
    return work;
  }

  /** Ends every fault early. @returns when everything runs again */
  async heal(): Promise<void> {
    this.healed = true;
    for (const end of this.ending) end();
    await Promise.all(this.lastOf.values());
  }

  private async run({ fault, forMs }: PlannedFault): Promise<void> {
    if (this.healed) return;
    const name = describeFault(fault);
    this.history.add({ what: `fault begins: ${name}`, detail: `${forMs} ms` });
    this.broken.add(name);
    this.made++;
    const begun = fault.kind === 'crash-postgres' ? this.crashPostgres(forMs) : this.begin(fault);
    const end = await begun;
    await this.pause(forMs);
    await end();
    this.broken.delete(name);
    this.history.add({ what: `fault ends: ${name}` });
  }

  private begin(fault: Exclude<Fault, { kind: 'crash-postgres' }>): Promise<End> | End {
    switch (fault.kind) {
      case 'kill':
        return this.kill([fault.replica], fault.program);
      case 'outage':
        return this.kill(SERVICES.some((name) => name === fault.program) ? [0, 1] : [0], fault.program);
      case 'freeze':
        return this.freeze(fault.program, fault.replica);
      case 'freeze-session':
        return this.freezeSession(fault.service, fault.choice);
      case 'vanish': {
        const both = ['request', 'answer'] as const;
        const end = vanish(
          this.system.gate(fault.door as GateName),
          fault.direction === 'both' ? both : [fault.direction],
        );
        return () => end(fault.late ? 'late' : 'reset');
      }
      case 'partition': {
        const gate = this.system.gate(fault.door as GateName);
        gate.partition();
        return () => gate.heal();
      }
      case 'lose-answers':
        return this.loseAnswers(fault.door as GateName, fault.share);
      case 'flush-redis':
        return this.flushRedis();
      case 'kill-redis':
        return this.system.killRedis();
    }
  }

  private async kill(replicas: readonly number[], program: Parameters<ShopSystem['killProgram']>[0]): Promise<End> {
    await Promise.all(replicas.map((replica) => this.system.killProgram(program, replica)));
    const start = (replica: number) =>
      until(() => this.system.startProgram(program, replica).then(() => true), {
        ...RESTART,
        description: `${program}#${replica} to start again`,
      });
    return async () => {
      await Promise.all(replicas.map(start));
    };
  }

  private freeze(program: Parameters<ShopSystem['process']>[0], replica: number): End {
    const process = this.system.process(program, replica);
    process.signal('SIGSTOP');
    return () => process.signal('SIGCONT');
  }

  private async freezeSession(service: ServiceName, choice: number): Promise<End> {
    const pool = createPool(this.system.databaseUrl(service), { max: 1, connectionTimeoutMillis: 2_000 });
    try {
      const { rows } = await pool.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY pid`,
      );
      const pid = rows[Math.floor(choice * rows.length)]?.pid;
      if (pid === undefined || !signal(pid, 'SIGSTOP')) return () => undefined;
      return () => void signal(pid, 'SIGCONT');
    } catch {
      return () => undefined;
    } finally {
      await pool.end();
    }
  }

  private loseAnswers(door: GateName, share: number): End {
    const gate = this.system.gate(door);
    const random = new Random(Math.floor(share * 1000));
    gate.use(({ direction }) => (direction === 'answer' && random.chance(share) ? 'cut' : 'pass'));
    return () => gate.heal();
  }

  private async flushRedis(): Promise<End> {
    const url = this.system.redisServer?.url;
    if (url !== undefined) {
      const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
      redis.on('error', () => undefined);
      await redis.flushall().catch(() => undefined);
      redis.disconnect();
    }
    return () => undefined;
  }

  /** PostgreSQL is away for the fault's whole time, and is back when the promise resolves. */
  private async crashPostgres(forMs: number): Promise<End> {
    await this.system.crashPostgres(() => this.pause(forMs));
    return () => undefined;
  }

  /** Waits, but not when everything is healed. */
  private pause(forMs: number): Promise<void> {
    if (this.healed) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.ending.delete(end);
        resolve();
      };
      const timer = setTimeout(end, forMs);
      this.ending.add(end);
    });
  }
}

/** Two faults of one target do not overlap: the end of the first would end the second too. */
function targetOf(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
    case 'outage':
    case 'freeze':
      return fault.program;
    case 'vanish':
    case 'partition':
    case 'lose-answers':
      return fault.door;
    case 'crash-postgres':
    case 'freeze-session':
      return 'postgres';
    case 'flush-redis':
    case 'kill-redis':
      return 'redis';
  }
}

function describeFault(fault: Fault): string {
  const { kind, ...rest } = fault;
  const details = Object.entries(rest).map(([name, value]) => (name === 'replica' ? `#${value}` : String(value)));
  return [kind, ...details].join(' ').replace(' #', '#');
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    // The session has ended.
    return false;
  }
}
