import type { PgClient } from '@rocketshop/pg';
import type { RedisHints } from '../hints/redis-hints.js';
import { claimMessage } from './claim-message.js';

const KIND = 'consumed';
const KEEP_HINT_MS = 86_400_000;

export type ConsumeOutcome = 'PROCESSED' | 'DUPLICATE';

export interface ConsumeOnceOptions<Client extends PgClient> {
  readonly group: string;
  readonly businessKey: string;
  /** Runs `work` in one transaction, for example `(work) => database.transaction(work)`. */
  readonly inTransaction: <T>(work: (client: Client) => Promise<T>) => Promise<T>;
  readonly hints?: RedisHints;
}

/**
 * For handlers that ignore duplicates. A hint saves the transaction of a duplicate, the claim decides, and the hint is
 * written after the commit. A handler that must answer duplicates too calls {@link claimMessage} itself.
 */
export async function consumeOnce<Client extends PgClient>(
  options: ConsumeOnceOptions<Client>,
  work: (client: Client) => Promise<void>,
): Promise<ConsumeOutcome> {
  const { group, businessKey, hints } = options;
  const hintKey = `${group}:${businessKey}`;
  if (hints && (await hints.get(KIND, hintKey)) !== undefined) return 'DUPLICATE';
  const isFirst = await options.inTransaction(async (client) => {
    const claimed = await claimMessage(client, group, businessKey);
    if (claimed) await work(client);
    return claimed;
  });
  void hints?.put(KIND, hintKey, '1', KEEP_HINT_MS);
  return isFirst ? 'PROCESSED' : 'DUPLICATE';
}
