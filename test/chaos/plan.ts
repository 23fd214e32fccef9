import { SERVICES } from '@rocketshop/shop-testkit';
import type { Cart, PayOptions, ServiceName } from '@rocketshop/shop-testkit';
import { Random } from './random.js';

/*
 * Everything of a run that is decided before it: which fault begins when, and what each buyer wants. The same seed gives the same
 * plan. What happens then depends on the machine too, so that a repeated run meets the same faults in other moments.
 */

type Direction = 'request' | 'answer' | 'both';
type Frozen = ServiceName | 'broker' | 'nameserver' | 'pay-provider';

/** What is done to the shop. `replica` counts from 0. */
export type Fault =
  /** SIGKILL; it is started again at the end. */
  | { readonly kind: 'kill'; readonly program: ServiceName; readonly replica: number }
  /** SIGKILL of every replica, for longer than a message is delivered again: its messages end in the DLQ. */
  | { readonly kind: 'outage'; readonly program: ServiceName | 'broker' | 'pay-provider' }
  /** SIGSTOP, then SIGCONT: the process thaws in the middle of its work. */
  | { readonly kind: 'freeze'; readonly program: Frozen; readonly replica: number }
  /** One session of a service's database is stopped like that. */
  | { readonly kind: 'freeze-session'; readonly service: ServiceName; readonly choice: number }
  /** A peer accepts and says nothing. At the end what was sent arrives late, or the connections break. */
  | { readonly kind: 'vanish'; readonly door: string; readonly direction: Direction; readonly late: boolean }
  /** Connections are reset and refused. */
  | { readonly kind: 'partition'; readonly door: string }
  /** `share` of the answers are lost: the work is done, and the connection breaks. */
  | { readonly kind: 'lose-answers'; readonly door: string; readonly share: number }
  /** PostgreSQL stops at once with all databases, and recovers at the end. */
  | { readonly kind: 'crash-postgres' }
  | { readonly kind: 'flush-redis' }
  | { readonly kind: 'kill-redis' };

type FaultKind = Fault['kind'];

export interface PlannedFault {
  /** It begins when so many orders were begun. */
  readonly atOrder: number;
  readonly forMs: number;
  readonly fault: Fault;
}

/** What a buyer does after his order is confirmed. */
type Ending = 'pay' | 'cancel' | 'pay and cancel' | 'walk away';

export interface PlannedOrder {
  readonly index: number;
  readonly userId: string;
  readonly key: string;
  readonly cart: Cart;
  /** The replica that is asked first. */
  readonly replica: number;
  /** The same request goes to both replicas at the same time. */
  readonly twice: boolean;
  /** The buyer leaves so long after his first request, and never asks again. Undefined: he waits for his answer. */
  readonly leavesAfterMs: number | undefined;
  readonly ending: Ending;
  readonly payOptions: PayOptions;
}

export interface Plan {
  readonly seed: number;
  readonly orders: readonly PlannedOrder[];
  readonly faults: readonly PlannedFault[];
}

export interface PlanOptions {
  readonly seed: number;
  readonly orders: number;
  /** A fault begins each time that so many orders were begun. */
  readonly ordersPerFault: number;
  /** The faults to deal from; every one is dealt before any comes again. @default DECK */
  readonly deck?: readonly FaultKind[];
}

/** More than one card of a kind that has many different targets. */
const DECK: readonly FaultKind[] = [
  ...Array<FaultKind>(5).fill('kill'),
  ...Array<FaultKind>(4).fill('freeze'),
  ...Array<FaultKind>(4).fill('vanish'),
  ...Array<FaultKind>(3).fill('lose-answers'),
  ...Array<FaultKind>(2).fill('outage'),
  ...Array<FaultKind>(2).fill('partition'),
  ...Array<FaultKind>(2).fill('freeze-session'),
  'crash-postgres',
  'flush-redis',
  'kill-redis',
];

export const REPLICAS = 2;
const USERS = ['ada', 'grace', 'linus'] as const;
const FROZEN: readonly Frozen[] = [...SERVICES, ...SERVICES, 'broker', 'nameserver', 'pay-provider'];

export function makePlan({ seed, orders, ordersPerFault, deck = DECK }: PlanOptions): Plan {
  return {
    seed,
    orders: Array.from({ length: orders }, (_, index) => planOrder(seed, index)),
    faults: planFaults(new Random(seed), orders, ordersPerFault, deck),
  };
}

function planFaults(random: Random, orders: number, every: number, deck: readonly FaultKind[]): PlannedFault[] {
  const faults: PlannedFault[] = [];
  let cards: FaultKind[] = [];
  for (let atOrder = every; atOrder <= orders - every / 2; atOrder += every) {
    if (cards.length === 0) cards = random.shuffle(deck);
    const kind = cards.pop();
    if (kind) faults.push({ atOrder, forMs: lengthOf(kind, random), fault: planFault(kind, random) });
  }
  return faults;
}

function lengthOf(kind: FaultKind, random: Random): number {
  // With the time scale of these runs, all redeliveries of a message take 5 s.
  if (kind === 'outage') return random.integer(7_000, 9_000);
  // A stopped session may hold a lock inside PostgreSQL that every other session needs.
  if (kind === 'freeze-session') return random.integer(500, 2_000);
  if (kind === 'freeze') return random.integer(1_000, 14_000);
  return random.integer(1_000, 6_000);
}

function planFault(kind: FaultKind, random: Random): Fault {
  const replica = random.integer(0, REPLICAS - 1);
  const service = random.pick(SERVICES);
  switch (kind) {
    case 'kill':
      return { kind, program: service, replica };
    case 'outage':
      return { kind, program: random.pick([...SERVICES, 'broker', 'pay-provider'] as const) };
    case 'freeze': {
      const program = random.pick(FROZEN);
      return { kind, program, replica: SERVICES.some((name) => name === program) ? replica : 0 };
    }
    case 'freeze-session':
      return { kind, service, choice: random.next() };
    case 'vanish':
      return {
        kind,
        door: planDoor(random, replica),
        direction: random.pick(['request', 'answer', 'both'] as const),
        late: random.chance(0.5),
      };
    case 'partition':
      return { kind, door: planDoor(random, replica) };
    case 'lose-answers':
      return { kind, door: planDoor(random, replica), share: random.pick([0.1, 0.3, 0.6]) };
    case 'crash-postgres':
    case 'flush-redis':
    case 'kill-redis':
      return { kind };
  }
}

/** The name of a gate; see ShopGates of the testkit. */
function planDoor(random: Random, replica: number): string {
  const service = random.pick(SERVICES);
  return random.pick([
    `${service}.database#${replica}`,
    `${service}.database#${replica}`,
    `${service}.rpc#${replica}`,
    `${service}.rpc#${replica}`,
    `order.http#${replica}`,
    `pay.http#${replica}`,
    'broker#0',
    'pay-provider.http#0',
    'redis#0',
  ]);
}

function planOrder(seed: number, index: number): PlannedOrder {
  const random = Random.of(seed, index);
  const userId = random.pick(USERS);
  return {
    index,
    userId,
    key: random.uuid(),
    cart: planCart(random, userId),
    replica: random.integer(0, REPLICAS - 1),
    twice: random.chance(0.15),
    leavesAfterMs: random.chance(0.05) ? random.integer(1, 150) : undefined,
    ending: random.pick(['pay', 'pay', 'pay', 'pay', 'pay', 'cancel', 'cancel', 'pay and cancel', 'walk away']),
    payOptions: planPayment(random),
  };
}

/** Number of the coupons that {@link ./stock-up.ts} gives to each buyer. Later carts ask for coupons that may be used already. */
export const COUPONS_PER_USER = 40;

function planCart(random: Random, userId: string): Cart {
  const teapots = { goodsId: 'teapot', quantity: random.integer(1, 3) };
  const lanterns = { goodsId: 'lantern', quantity: random.integer(1, 2) };
  return {
    items: random.pick([[teapots], [teapots], [lanterns], [teapots, lanterns]]),
    ...(random.chance(0.25) ? { couponId: `${userId}-chaos-${random.integer(1, COUPONS_PER_USER)}` } : {}),
    ...(random.chance(0.3) ? { balanceToUse: String(random.integer(1, 500)) } : {}),
  };
}

function planPayment(random: Random): PayOptions {
  return random.pick<PayOptions>([
    {},
    {},
    {},
    { duplicates: random.integer(1, 3) },
    { delayMs: random.integer(100, 5_000) },
    { chargeTwice: true },
    { chargeTwice: true, reversed: true },
    { silent: true },
  ]);
}
