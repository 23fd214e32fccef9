import { DEMO_CURRENCY, DEMO_USERS } from '@rocketshop/contracts';

export interface DemoUser {
  readonly userId: string;
  readonly name: string;
  /** Minor units. */
  readonly balance: bigint;
  readonly currency: string;
}

export const SEED_USERS: readonly DemoUser[] = [
  { userId: DEMO_USERS.ada, name: 'Ada', balance: 10_000n, currency: DEMO_CURRENCY },
  { userId: DEMO_USERS.grace, name: 'Grace', balance: 2_000n, currency: DEMO_CURRENCY },
  { userId: DEMO_USERS.linus, name: 'Linus', balance: 0n, currency: DEMO_CURRENCY },
];
