import type { DeadlineInstant } from '@rocketshop/pg';

/** What a handler can know of a call besides its data. */
export class RpcCallContext {
  constructor(
    readonly pattern: string,
    /** The service that calls. It is proved where calls are signed. */
    readonly from: string,
    readonly deadline: DeadlineInstant,
  ) {}
}
